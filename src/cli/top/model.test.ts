import { describe, expect, test } from 'vitest';
import { liveTick } from '../../../test/support/live-data.ts';
import { readKeys } from './keys.ts';
import { INITIAL, press, type TopState } from './model.ts';

const PAGE = 5;
const START: TopState = { ...INITIAL, tick: liveTick(), now: 1000 };

/** The state after typing. */
function typing(typed: string, state = START): TopState {
  return readKeys(typed).reduce((before, key) => press(before, key, PAGE)[0], state);
}

describe('keys of a terminal', () => {
  test('sequences, several at a time, and what is unknown', () => {
    expect(readKeys('\x1b[A\x1b[Bq\x1b[99~\r\x1b')).toEqual(['up', 'down', 'q', 'enter', 'esc']);
    expect(readKeys('\x1bOA\x7f \x03é')).toEqual(['up', 'backspace', 'space', 'ctrl-c', 'é']);
  });
});

describe('what keys do', () => {
  test('q and ctrl-c quit, but not while a filter is typed', () => {
    expect(press(START, 'q', PAGE)[1]).toBe('quit');
    expect(press(typing('/'), 'q', PAGE)[1]).toBeUndefined();
    expect(press(typing('/'), 'ctrl-c', PAGE)[1]).toBe('quit');
  });

  test('a filter works while it is typed; enter keeps it, esc in the list clears it', () => {
    expect(typing('/check')).toMatchObject({ filter: 'check', typing: 'check' });
    expect(typing('/check\x7f\r')).toMatchObject({ filter: 'chec', typing: undefined });
    expect(typing('/check\r\x1b')).toMatchObject({ filter: '' });
    expect(typing('/a b')).toMatchObject({ filter: 'a b' });
  });

  test('s and a letter sort, the same letter twice turns it round, r as well', () => {
    expect(typing('sc')).toMatchObject({ sort: 'contexts', reverse: false });
    expect(typing('scsc')).toMatchObject({ sort: 'contexts', reverse: true });
    expect(typing('r')).toMatchObject({ sort: 'rate', reverse: true });
    expect(typing('sx')).toMatchObject({ sort: 'rate', isSorting: false });
  });

  test('the cursor moves over the rows, and the page follows it', () => {
    const names = START.tick?.top.rows.map(({ name }) => name) ?? [];
    expect(typing('\x1b[B\x1b[B').cursor).toBe(names[2]);
    expect(typing('\x1b[B\x1b[A').cursor).toBe(names[0]);
    expect(typing('\x1b[B'.repeat(5))).toMatchObject({ cursor: names[5], offset: 1 });
    expect(typing('\x1b[A')).toMatchObject({ cursor: names[0], offset: 0 });
  });

  test('enter opens the metric under the cursor, esc goes back to it', () => {
    const names = START.tick?.top.rows.map(({ name }) => name) ?? [];
    expect(typing('\x1b[B\r')).toMatchObject({ view: 'metric', metric: names[1] });
    expect(typing('\x1b[B\r\x1b')).toMatchObject({ view: 'metrics', cursor: names[1] });
    expect(typing('\r]')).toMatchObject({ range: 1800 });
    expect(typing('\r]]][')).toMatchObject({ range: 1800 });
  });

  test('p pauses and goes on, the views have letters', () => {
    expect(typing('p').pausedAt).toBe(1000);
    expect(typing('pp').pausedAt).toBeUndefined();
    expect(['t', 'l', 'k', '?'].map((key) => typing(key).view)).toEqual([
      'tail',
      'losses',
      'contexts',
      'keys',
    ]);
  });
});
