/**
 * Lines for a warm-up: what a listener thread runs through its cold path before it opens its ears.
 *
 * A burst of uncached lines right after the start would otherwise meet code that is still being compiled: the
 * first thousand lines take ten times as long as later ones, and the kernel holds 2.8 ms of small
 * datagrams. The lines have every type and shape, so that all of the path is compiled. They go into a
 * shard that is thrown away; nothing of them is ever counted or seen.
 */

const LINES = 4000;
const LINES_A_PACKET = 8;
const TYPES = ['c', 'g', 'ms', 'd', 's', 'h', 'c', 'c'] as const;
const FIELDS = [
  '',
  '|@0.5',
  '',
  '|c:ci-0123456789abcdef',
  '|@0.1',
  '|T1656581400',
  '',
  '|e:it-false,cn-a,pu-b',
] as const;

/** Packets of uncached lines, a few known ones and a few broken ones. */
export function* warmUpPackets(): Generator<string> {
  for (let i = 0; i < LINES; i += LINES_A_PACKET) {
    let packet = '';
    for (let line = i; line < i + LINES_A_PACKET; line++) packet += `${warmUpLine(line)}\n`;
    yield packet;
  }
}

function warmUpLine(i: number): string {
  if (i % 97 === 0) return 'broken line';
  const number = i % 11 === 0 ? i - 11 : i;
  const tags = Array.from(
    { length: number % 9 },
    (_, tag) => `tag${tag}:value-${(number * 31 + tag) % 1009}`,
  );
  const type = TYPES[number % TYPES.length];
  const field = FIELDS[(number >> 3) % FIELDS.length];
  return `warm-up.metric.${number}:${number % 100}.${number % 10}|${type}${tags.length > 0 ? `|#${tags.join(',')}` : ''}${field}`;
}
