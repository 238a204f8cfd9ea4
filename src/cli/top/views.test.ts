/**
 * The screens of `whippet top`, whole: test/golden/top-*.txt are what a terminal of that size shows. `vitest -u` writes
 * them anew; look at the difference then.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { liveTick, seriesOf, tailLines, totalsHistory } from '../../../test/support/live-data.ts';
import { widthOf } from '../../lib/text/terminal-text.ts';
import { INITIAL, type TopState } from './model.ts';
import { cellsOf } from './screen.ts';
import { render } from './views.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const tick = liveTick();
const LIVE: TopState = {
  ...INITIAL,
  ...{
    tick,
    history: totalsHistory(),
    cursor: 'checkout.latency',
    now: tick.at,
    url: 'http://127.0.0.1:8127',
  },
};

/** What a terminal shows: trailing spaces are kept out of the files. */
function screenOf(state: TopState, columns: number, rows: number, ascii = false): string {
  const lines = render(state, { columns, rows, ascii });
  expect(lines.length).toBeLessThanOrEqual(rows);
  return lines
    .map((line) => {
      const text = cellsOf(line, columns)
        .map(({ char }) => char)
        .join('');
      expect(widthOf(text)).toBe(columns);
      return `${text.trimEnd()}\n`;
    })
    .join('');
}

const golden = (name: string): string => `../../../test/golden/${name}.txt`;

describe('the list of metrics', () => {
  test.each([
    [45, 13],
    [64, 20],
    [80, 24],
    [100, 32],
    [120, 40],
    [200, 50],
  ])('at %i columns and %i rows', async (columns, rows) => {
    await expect(screenOf(LIVE, columns, rows)).toMatchFileSnapshot(golden(`top-${columns}`));
  });

  test('in ASCII', async () => {
    const rows = tick.top.rows.filter(({ name }) => !name.startsWith('東'));
    const state = { ...LIVE, tick: { ...tick, top: { ...tick.top, rows } } };
    const screen = screenOf(state, 120, 40, true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
    expect(screen).toMatch(/^[\x00-\x7f]*$/);
    await expect(screen).toMatchFileSnapshot(golden('top-120-ascii'));
  });

  test('shows percentiles at every width from 45 to 200, and no line is wider', () => {
    for (let columns = 45; columns <= 200; columns++) {
      const screen = screenOf(LIVE, columns, 40);
      for (const figure of ['12.4', '186', '341']) expect(screen).toContain(figure);
    }
  });

  test('is the first line alone where there is no room', () => {
    expect(screenOf(LIVE, 40, 24).split('\n')).toHaveLength(2);
    expect(screenOf(LIVE, 80, 7).split('\n')).toHaveLength(2);
  });

  test('tells how to send a first metric while there is none', () => {
    const empty = {
      ...tick,
      equation: { ...tick.equation, received: 0 },
      top: { ...tick.top, total: 0, rows: [] },
    };
    expect(screenOf({ ...LIVE, tick: empty }, 80, 24)).toMatch(
      /whippet send --count page\.views 1\n +see it in a browser +http:\/\/127\.0\.0\.1:8127\/\n/,
    );
  });

  test('stands still and says since when while it is paused, or the server does not answer', () => {
    expect(screenOf({ ...LIVE, pausedAt: tick.at }, 80, 24)).toContain('‖ paused 12:04:31');
    const lost = { since: tick.at, retryAt: tick.at + 3, why: 'gone' };
    expect(screenOf({ ...LIVE, lost }, 120, 40)).toContain('○ no answer since 12:04:31, again in 3 s');
  });

  test('escapes what could drive the terminal', () => {
    const [row] = tick.top.rows;
    if (row === undefined) throw new Error('no row');
    const evil = { ...tick, top: { ...tick.top, rows: [{ ...row, name: 'a\x1b[2J\u202eb' }] } };
    expect(screenOf({ ...LIVE, tick: evil }, 120, 40)).toContain('a\\x1b[2J\\u{202e}b');
  });
});

describe('one metric', () => {
  const open: TopState = { ...LIVE, view: 'metric', metric: 'checkout.latency' };

  test.each([
    ['distribution', 80, 24],
    ['distribution', 45, 20],
    ['counter', 80, 24],
    ['gauge', 120, 30],
  ] as const)('a %s at %i columns', async (type, columns, rows) => {
    const state = { ...open, series: seriesOf(type) };
    await expect(screenOf(state, columns, rows)).toMatchFileSnapshot(golden(`top-metric-${type}-${columns}`));
  });

  test('a distribution as lines after l', async () => {
    const state = { ...open, series: seriesOf('distribution'), isLinear: true };
    await expect(screenOf(state, 80, 24)).toMatchFileSnapshot(golden('top-metric-lines-80'));
  });
});

describe('the other views', () => {
  test.each(['tail', 'losses', 'contexts', 'keys'] as const)('%s at 80 columns', async (view) => {
    const state = { ...LIVE, view, tail: tailLines(), tailLeftOut: 1204 };
    await expect(screenOf(state, 80, 24)).toMatchFileSnapshot(golden(`top-${view}-80`));
  });
});
