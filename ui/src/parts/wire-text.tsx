/**
 * Text from the wire: a name, a tag, a line. It is a text node, isolated from the direction of the text around it,
 * with controls written out, and cut when it is long.
 */
import { useState } from 'preact/hooks';
import { CUT_AT, cut, splitTag, visible } from '../format/text.ts';

export function WireText({ text, max = CUT_AT }: { readonly text: string; readonly max?: number }) {
  return <bdi>{cut(visible(text), max).text}</bdi>;
}

/** The same with a button for the rest. */
export function LongText({ text }: { readonly text: string }) {
  const [isWhole, setWhole] = useState(false);
  const shown = visible(text);
  const { isCut } = cut(shown);
  if (!isCut) return <bdi>{shown}</bdi>;
  return (
    <>
      <bdi class="long-text">{isWhole ? shown : cut(shown).text}</bdi>{' '}
      <button type="button" class="text-button" onClick={() => setWhole(!isWhole)}>
        {isWhole ? 'show less' : `show all ${shown.length.toLocaleString('en-US')} characters`}
      </button>
    </>
  );
}

/** Tags in a row: keys faint, and those that are the same in all rows entirely. */
export function Tags({
  tags,
  common,
}: {
  readonly tags: readonly string[];
  readonly common?: ReadonlySet<string>;
}) {
  if (tags.length === 0) return <span class="fa">no tags</span>;
  return (
    <span class="tags">
      {tags.map((tag) => {
        const { key, value } = splitTag(tag);
        const isCommon = common?.has(tag) === true;
        return (
          <bdi key={tag} class={isCommon ? 'fa' : ''}>
            {value === undefined ? (
              visible(key)
            ) : (
              <>
                <span class="fa">{visible(key)}:</span>
                {cut(visible(value)).text}
              </>
            )}{' '}
          </bdi>
        );
      })}
    </span>
  );
}

/** The parts of a name that were searched for, marked. */
export function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  const shown = cut(visible(text)).text;
  const lower = shown.toLowerCase();
  const ranges = words
    .map((word) => ({ start: lower.indexOf(word.toLowerCase()), length: word.length }))
    .filter(({ start, length }) => start >= 0 && length > 0)
    .sort((a, b) => a.start - b.start);
  const pieces: preact.ComponentChild[] = [];
  let at = 0;
  for (const { start, length } of ranges) {
    if (start < at) continue;
    pieces.push(shown.slice(at, start), <mark key={start}>{shown.slice(start, start + length)}</mark>);
    at = start + length;
  }
  pieces.push(shown.slice(at));
  return <bdi>{pieces}</bdi>;
}
