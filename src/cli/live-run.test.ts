import { describe, expect, test } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { HeldLog, wantsLiveView } from './live-run.ts';

const TERMINAL = { stdin: { isTTY: true }, stdout: { isTTY: true }, env: { TERM: 'xterm' } } as never;

describe('the live view of a server', () => {
  const { config } = loadConfig({});

  test('opens on a terminal', () => {
    expect(wantsLiveView({}, config, TERMINAL)).toBe(true);
  });

  test.each([
    ['with --no-ui', { ui: false }, {}, TERMINAL],
    ['when standard output is a file', {}, {}, { stdin: { isTTY: true }, stdout: {}, env: {} }],
    ['when nobody can type', {}, {}, { stdin: {}, stdout: { isTTY: true }, env: {} }],
    [
      'on a dumb terminal',
      {},
      {},
      { stdin: { isTTY: true }, stdout: { isTTY: true }, env: { TERM: 'dumb' } },
    ],
    ['without HTTP', {}, { http: { port: -1 } }, TERMINAL],
    ['when lines are to be printed', {}, { outputs: { echo: true } }, TERMINAL],
    ['when the table is asked for', {}, { outputs: { console: true } }, TERMINAL],
  ])('does not open %s', (_, options, values, around) => {
    expect(wantsLiveView(options, loadConfig({ values }).config, around as never)).toBe(false);
  });
});

test('the log is kept while the view is open, its last 200 lines, and printed when it closes', () => {
  const printed: string[] = [];
  const log = new HeldLog({ write: (text) => printed.push(text) });
  for (let i = 0; i < 202; i++) log.write(`line ${i}\n`);
  expect(printed).toEqual([]);
  log.release();
  expect(printed.slice(0, 2)).toEqual(['2 earlier lines of the log are left out\n', 'line 2\n']);
  expect(printed).toHaveLength(201);
  log.write('after\n');
  expect(printed.at(-1)).toBe('after\n');
});
