/** What was lost, out of the totals of the ledger: where, how much, why, and what to do about it. */
import type { LedgerEntry, Totals, Unit } from './ledger.ts';

export interface Loss {
  /** `kernel`, or a stage of the ledger. */
  readonly stage: string;
  /** A listener or an output; empty when there is one. */
  readonly name: string;
  readonly unit: Unit;
  readonly reason: string;
  /** Since the start. */
  readonly count: number;
  readonly help: string;
  readonly remedy: string;
}

/** Drops of one place; a row of totals is such. */
export type Drops = Pick<Totals, 'stage' | 'name' | 'unit' | 'dropped'>;

export interface LossWords {
  readonly help: string;
  readonly remedy: string;
}

/** What can be lost, in words, by stage, unit and reason. */
export type LossDictionary = ReadonlyMap<string, LossWords>;

const UNKNOWN: LossWords = { help: 'Dropped.', remedy: 'see docs/ledger.md' };

/** Every drop that happened, largest first. */
export function lossesOf(places: readonly Drops[], words: LossDictionary): Loss[] {
  return places
    .flatMap(({ stage, name, unit, dropped }) =>
      Object.entries(dropped)
        .filter(([, count]) => count > 0)
        .map(([reason, count]) => {
          const { help, remedy } = words.get(wordKey(stage, unit, reason)) ?? UNKNOWN;
          return { stage, name, unit, reason, count, help, remedy };
        }),
    )
    .sort((a, b) => b.count - a.count);
}

export function wordKey(stage: string, unit: Unit, reason: string): string {
  return `${stage} ${unit} ${reason}`;
}

/** The words of a table's drops. */
export function wordsOf<Source>(
  stage: string,
  table: readonly LedgerEntry<Source>[],
): [key: string, words: LossWords][] {
  return table
    .filter(({ outcome }) => outcome === 'dropped')
    .map(({ unit, reason, help, remedy }) => [
      wordKey(stage, unit, reason),
      { help, remedy: remedy ?? UNKNOWN.remedy },
    ]);
}
