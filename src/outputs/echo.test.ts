import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EchoPrinter } from './echo.ts';

let written: string;
beforeEach(() => {
  written = '';
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function create(isTTY: boolean, linesPerSecond = 3, env = {}): EchoPrinter {
  return new EchoPrinter({
    stream: { write: (text: string) => (written += text), isTTY, columns: 40 },
    linesPerSecond,
    env,
  });
}

test('messages are printed as they come, controls escaped', () => {
  create(false).accept(['a:1|c|#env:caf\xc3\xa9', '_sc|x|0', '\x1b[2J'], 0);
  expect(written).toBe('▸ a:1|c|#env:café\n▸ _sc|x|0\n▸ \\x1b[2J\n');
});

test('each second has its own limit, and what was left out is said when it is over', () => {
  const echo = create(false);
  echo.accept(['1', '2'], 0);
  echo.accept(['3', '4', '5'], 10);
  expect(written).toBe('▸ 1\n▸ 2\n▸ 3\n');
  vi.advanceTimersByTime(1000);
  expect(written).toBe('▸ 1\n▸ 2\n▸ 3\n… 12 more not shown\n');
  echo.accept(['6'], 0);
  expect(written.endsWith('▸ 6\n')).toBe(true);
  vi.advanceTimersByTime(5000);
  expect(written.endsWith('▸ 6\n')).toBe(true);
});

test('close says what was left out', () => {
  const echo = create(false);
  echo.accept([], 4);
  echo.close();
  expect(written).toBe('… 4 more not shown\n');
  expect(vi.getTimerCount()).toBe(0);
});

test('a terminal gets colour and lines no wider than it', () => {
  create(true).accept([`name:1|c|#${'tag,'.repeat(50)}`], 0);
  expect(written).toContain('\x1b[1mname\x1b[22m:\x1b[36m1\x1b[39m|\x1b[33mc\x1b[39m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are removed before measuring
  expect(written.replace(/\x1b\[\d+m/g, '').trimEnd().length).toBeLessThan(40);
});
