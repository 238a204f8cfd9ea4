import { expect, it } from 'vitest';

interface Script {
  drawSession(steps: readonly { readonly command: string; readonly output: readonly string[] }[]): string;
}
const script = (await import(new URL('../scripts/record-session.mjs', import.meta.url).href)) as Script;

const draw = (output: readonly string[]): string => script.drawSession([{ command: 'a & b <c>', output }]);
/** Its lines as a reader sees them. */
const linesOf = (picture: string): string[] =>
  [...picture.matchAll(/<text[^>]*>(.*)<\/text>/g)].map(([, line]) => String(line).replace(/<[^>]*>/g, ''));

it('the picture of a session has commands and output in order, each with its time', () => {
  const picture = draw(['one', '', 'two']);
  expect(linesOf(picture)).toEqual(['$ a &amp; b &lt;c&gt;', 'one', 'two']);
  const times = [...picture.matchAll(/animation-delay:([\d.]+)s/g)].map(([, seconds]) => Number(seconds));
  expect(times).toEqual([0.4, 1.1, 1.22]);
});

it('a line that is too long goes on in the next one, and what it shows is no markup', () => {
  expect(linesOf(draw(['x'.repeat(250), '<script>']))).toEqual([
    '$ a &amp; b &lt;c&gt;',
    'x'.repeat(100),
    'x'.repeat(100),
    'x'.repeat(50),
    '&lt;script&gt;',
  ]);
});

it('somebody who wants no motion sees all of it at once, and nothing is fetched', () => {
  const picture = draw(['one']);
  expect(picture).toContain('prefers-reduced-motion: reduce');
  expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|@import|<script/);
});
