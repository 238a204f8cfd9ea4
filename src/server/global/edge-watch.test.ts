import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/time/clock.ts';
import { EdgeWatch } from './edge-watch.ts';
import type { EdgeRow, EdgesReport } from './edges-report.ts';

function rowOf(edge: string, more: Partial<EdgeRow>): EdgeRow {
  return {
    ...{ edge, epoch: 1, lastAt: 0, skewSeconds: 0, silentSeconds: 0, lateChunks: 0, repeatedChunks: 0 },
    ...{ futureChunks: 0, isSkewed: false, isSilent: false, width: 10 },
    ...more,
  };
}

const skewed = (edge: string) => rowOf(edge, { isSkewed: true, skewSeconds: -25.04 });
const silent = (edge: string) => rowOf(edge, { isSilent: true, silentSeconds: 61.2 });
const well = (edge: string) => rowOf(edge, {});

function begin() {
  const lines: string[] = [];
  const note =
    (level: string) =>
    (fields: object, sentence: string): void => {
      lines.push(`${level} ${sentence} ${JSON.stringify(fields)}`);
    };
  let now = 0;
  let due: (() => void) | undefined;
  const clock: Clock = {
    now: () => now,
    after: (_, call) => {
      due = call;
      return () => {
        due = undefined;
      };
    },
  };
  let rows: readonly EdgeRow[] = [];
  const reports = {
    at: (): EdgesReport => ({
      count: rows.length,
      skewed: rows.filter(({ isSkewed }) => isSkewed),
      silent: rows.filter(({ isSilent }) => isSilent),
      rows,
    }),
  };
  const logger = { info: note('info'), warn: note('warn'), error: note('error') };
  const watch = new EdgeWatch({ level: '0', reports, clock, logger });
  const look = (seconds: number, ...are: EdgeRow[]): string[] => {
    now += seconds * 1000;
    rows = are;
    watch.look();
    return lines.splice(0);
  };
  return { watch, look, due: () => due };
}

describe('the watch over edges', () => {
  it('tells once of an edge whose clock is off, and when it is right again', () => {
    const { look } = begin();
    expect(look(5, well('a'))).toEqual([]);
    expect(look(5, skewed('a'))).toEqual([
      'warn the clock of an edge is off; its data may be late or refused {"level":"0","edge":"a","skewSeconds":-25}',
    ]);
    expect(look(5, skewed('a'))).toEqual([]);
    expect(look(5, well('a'))).toEqual(['info the clock of an edge is right again {"level":"0","edge":"a"}']);
  });

  it('tells once of an edge that has stopped sending, and when it sends again', () => {
    const { look } = begin();
    expect(look(5, silent('a'))).toEqual([
      'warn an edge has stopped sending {"level":"0","edge":"a","silentSeconds":61}',
    ]);
    expect(look(5, silent('a'))).toEqual([]);
    expect(look(5, well('a'))).toEqual(['info an edge sends again {"level":"0","edge":"a"}']);
  });

  it('says nothing more of an edge that the owner has forgotten, and forgets it too', () => {
    const { look } = begin();
    expect(look(5, silent('a'))).toHaveLength(1);
    expect(look(5)).toEqual([]);
    expect(look(600)).toEqual([]);
    expect(look(5, silent('a'))).toHaveLength(1);
  });

  it('does not repeat itself within ten minutes when an edge comes and goes', () => {
    const { look } = begin();
    expect(look(5, silent('a'))).toHaveLength(1);
    expect(look(5, well('a'))).toHaveLength(1);
    expect(look(5, silent('a'))).toEqual([]);
    look(5, well('a'));
    expect(look(600, silent('a'))).toHaveLength(1);
  });

  it('writes at most ten lines at a look, and says how many it left out', () => {
    const { watch, look } = begin();
    const lines = look(5, ...Array.from({ length: 14 }, (_, i) => silent(`edge-${i}`)));
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe(
      'warn more edges changed their clock or went silent; see /api/global {"level":"0","edges":4}',
    );
    expect(watch.untold).toBe(4);
  });

  it('looks again and again until it is stopped', () => {
    const { watch, due } = begin();
    watch.start();
    const first = due();
    first?.();
    expect(due()).toBeDefined();
    expect(due()).not.toBe(first);
    watch.stop();
    expect(due()).toBeUndefined();
  });
});
