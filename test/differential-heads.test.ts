/**
 * The core looks at the first 64 bytes of a line at once (core/assembly/line.ts): wherever name, values and type end in
 * them, behind them, or with the packet, and whatever memory holds behind that, a line is what the cold path makes of it.
 */
import { expect, it } from 'vitest';
import { CoreHarness } from './support/core-harness.ts';
import { HotAndCold } from './support/hot-and-cold.ts';

const ENDS = [
  '',
  '|',
  '|c',
  '|g',
  '|ms',
  '|h|',
  '|d\r',
  '|c|#',
  '|g|#a:1,b',
  '|c|@0.5',
  '|c|@0.5|#x:y|T1',
  '|cc',
  '|s\r\n',
];
const NAME_LENGTHS = [
  0,
  1,
  2,
  15,
  16,
  17,
  31,
  32,
  33,
  ...Array.from({ length: 20 }, (_, i) => 48 + i),
  80,
  130,
];
const VALUES = ['', '1', '12', '-3.5', '123456789', '1:2', ':', 'user'];

it.each([
  ['nothing', ''],
  ['colons', ':'.repeat(200)],
  ['pipes', '|'.repeat(200)],
  ['ends of lines', '\n'.repeat(200)],
  ['the rest of a line', ':1|c|#|c:'.repeat(20)],
])('heads of every length come to what the cold path makes of them, with %s behind the packet', (_, behind) => {
  const both = new HotAndCold(new CoreHarness(), new CoreHarness({ caching: false }));
  for (const length of NAME_LENGTHS) {
    for (const [i, end] of ENDS.entries()) {
      const name = 'n'.repeat(length);
      const lines = VALUES.map((value) => `${name}:${value}${end}`);
      // Behind the packet is what the one before it left there.
      for (const packet of [
        `${name}${end}`,
        ...lines,
        ...lines,
        lines.join('\n'),
        `${lines.join('\n')}\nlast:1|c\n`,
      ]) {
        both.ingest(`${' '.repeat(packet.length)}${behind}`);
        both.ingest(packet, i);
      }
    }
    both.compare();
  }
  expect(both.hot.count('lineHits')).toBeGreaterThan(1000);
});
