/** The sentence at the top of a view; told to screen readers only when its state changes, not with each number. */
import { useRef } from 'preact/hooks';
import type { Verdict as Sentence, Tone } from '../lib/verdict.ts';
import { WireText } from './wire-text.tsx';

const WORDS: Readonly<Record<Tone, string>> = {
  ok: 'All is well',
  wa: 'Needs attention',
  lo: 'Something was lost or is down',
};

export function Verdict({ verdict, note }: { readonly verdict: Sentence; readonly note?: string }) {
  const told = useRef<{ tone: Tone; text: string }>(undefined);
  if (told.current?.tone !== verdict.tone) told.current = verdict;
  return (
    <>
      <p class="verdict">
        <i class={verdict.tone === 'ok' ? 'dot' : `dot ${verdict.tone}`} title={WORDS[verdict.tone]} />
        <span>
          <WireText text={verdict.text} />
        </span>
        {note !== undefined && <small>{note}</small>}
      </p>
      <p class="sr" role="status">
        {WORDS[verdict.tone]}: {told.current?.text}
      </p>
    </>
  );
}
