/** A line that was explained: the caret under its trouble, the correction, the steps it went through. */
import type { ExplainedLine, TailLine } from '../../../src/model/live/line-views.ts';
import { visible } from '../format/text.ts';
import { WireText } from './wire-text.tsx';

/** Of a long line only the part around the trouble is shown. */
const AROUND = 100;

interface CaretProps {
  readonly line: string;
  readonly caret: number | null;
  readonly words: string;
}

export function LineWithCaret({ line, caret, words }: CaretProps) {
  const start = caret === null || caret <= 2 * AROUND ? 0 : caret - AROUND;
  const end = caret === null ? 4 * AROUND : Math.max(caret + AROUND, 3 * AROUND);
  const before = (start > 0 ? '…' : '') + visible(line.slice(start, caret ?? start));
  const after = visible(line.slice(caret ?? start, end)) + (line.length > end ? '…' : '');
  return (
    <pre
      class="caret-line"
      tabIndex={0}
      role="region"
      aria-label={caret === null ? 'The line' : 'What is wrong'}
    >
      <bdi>
        {before}
        {after}
      </bdi>
      {caret !== null && (
        <>
          {'\n'}
          {' '.repeat(widthOf(before))}
          <span class="caret">^</span> <span class="caret-why">{words}</span>
        </>
      )}
    </pre>
  );
}

/** Columns of a text in a font of fixed width: what is wide in East Asia takes two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0x300 && code <= 0x36f) continue;
    const isWide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff);
    width += isWide ? 2 : 1;
  }
  return width;
}

export function Correction({ remedy, corrected }: Pick<TailLine, 'remedy' | 'corrected'>) {
  if (remedy === '' && corrected === null) return null;
  return (
    <div class="fix">
      {remedy !== '' && (
        <b>
          <WireText text={capital(remedy)} max={400} />
        </b>
      )}
      {corrected !== null && <CorrectedLine corrected={corrected} />}
    </div>
  );
}

/** The line as it would be accepted; what was changed is marked. */
export function CorrectedLine({ corrected }: { readonly corrected: NonNullable<TailLine['corrected']> }) {
  const { line, start, end } = corrected;
  const from = Math.max(0, start - AROUND);
  const to = Math.min(line.length, end + AROUND);
  return (
    <code>
      <bdi>
        {from > 0 && '…'}
        {visible(line.slice(from, start))}
        <span class="fixed">{visible(line.slice(start, end))}</span>
        {visible(line.slice(end, to))}
        {to < line.length && '…'}
      </bdi>
    </code>
  );
}

export function Steps({
  explained,
  isNarrow = false,
}: {
  readonly explained: ExplainedLine;
  readonly isNarrow?: boolean;
}) {
  const groups: { label: string; rows: ExplainedLine['steps'][number][] }[] = [];
  for (const step of explained.steps) {
    const last = groups.at(-1);
    if (last?.label === step.label) last.rows.push(step);
    else groups.push({ label: step.label, rows: [step] });
  }
  return (
    <dl class={isNarrow ? 'steps narrow' : 'steps'}>
      {groups.map(({ label, rows }, at) => (
        <div class="step" key={at}>
          <dt>{label}</dt>
          <dd>
            {rows.map(({ text, tone }, row) => (
              <StepText key={row} label={label} text={text} tone={tone} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

// env:prod                         line
/** A row: what it is about, and what is said of it, set apart by spaces in the text of the terminal. */
function StepText({
  label,
  text,
  tone,
}: Omit<ExplainedLine['steps'][number], 'tone'> & { readonly tone: string }) {
  // A name that is longer than its column has one space behind it.
  const pattern = label === 'series' ? /^(\S+)\s+(\S[\s\S]*)$/ : /^(\S.*?)\s{2,}(\S[\s\S]*)$/;
  const [, item = text, rest = ''] = pattern.exec(text) ?? [];
  const [before, after] = item.split('─▶');
  return (
    <div class={`step-row ${tone === 'note' ? 'wa' : tone === 'error' ? 'lo' : ''}`}>
      <span class={rest === '' && after === undefined ? 'step-text' : 'm'}>
        <bdi>
          {visible(before ?? item)}
          {after !== undefined && <span class="ok">→{visible(after)}</span>}
        </bdi>
      </span>
      {rest !== '' && (
        <span class="sm mu">
          <bdi>{visible(rest).replace('─▶', '→')}</bdi>
        </span>
      )}
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
