import { expect, test } from 'vitest';
import { Screen, span } from './screen.ts';

function drawing(colour = false) {
  const writes: string[] = [];
  const screen = new Screen((text) => writes.push(text), colour);
  screen.enter();
  writes.length = 0;
  return { screen, writes };
}

test('only cells that changed are written, in one write', () => {
  const { screen, writes } = drawing();
  screen.draw([[span('abc 1')], [span('same')]], 8, 2);
  screen.draw([[span('abc 2')], [span('same')]], 8, 2);
  expect(writes[1]).toBe('\x1b[?2026h\x1b[1;5H2\x1b[?2026l');
  screen.draw([[span('abc 2')], [span('same')]], 8, 2);
  expect(writes).toHaveLength(2);
});

test('a new size draws everything anew', () => {
  const { screen, writes } = drawing();
  screen.draw([[span('ab')]], 4, 1);
  screen.draw([[span('ab')]], 6, 1);
  expect(writes[1]).toBe('\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hab\x1b[?2026l');
});

test('a line is cut at the right edge, a wide character counts two', () => {
  const { screen, writes } = drawing();
  screen.draw([[span('a東京b')]], 4, 1);
  expect(writes[0]).toContain('a東');
  expect(writes[0]).not.toContain('京');
});

test('control characters of data never reach the terminal', () => {
  const { screen, writes } = drawing();
  screen.draw([[span('a\x1b[2Jb\u202e')]], 40, 1);
  expect(writes[0]).toContain('a\\x1b[2Jb\\u{202e}');
});

test('colour is written only where it is wanted', () => {
  const plain = drawing();
  plain.screen.draw([[span('a', 'red')]], 2, 1);
  expect(plain.writes[0]).not.toContain('\x1b[0;31m');
  const coloured = drawing(true);
  coloured.screen.draw([[span('a', 'red')]], 2, 1);
  expect(coloured.writes[0]).toContain('\x1b[0;31ma\x1b[0m');
});
