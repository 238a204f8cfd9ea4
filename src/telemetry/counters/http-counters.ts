/**
 * What the control thread counts of DogStatsD over HTTP, before a body is packets: connections and requests. Plain
 * numbers of one thread.
 */

/** Why a body was not taken. */
export type MissedBody = 'tooLarge' | 'noRoom' | 'cut' | 'forbidden';

export interface HttpCounts extends Readonly<Record<MissedBody, number>> {
  /** Connections that were let in, and those beyond the limit. */
  readonly connections: number;
  readonly connectionsRefused: number;
  /** Bodies whose lines were processed, and those that are on their way. */
  readonly taken: number;
  readonly underWay: number;
}

export const HTTP_COUNTERS = [
  'connections',
  'connectionsRefused',
  'taken',
  'underWay',
  'tooLarge',
  'noRoom',
  'cut',
  'forbidden',
] as const satisfies readonly (keyof HttpCounts)[];

export type MutableHttpCounts = { -readonly [Name in keyof HttpCounts]: number };

/** Whether anything has come that was a body, or was refused; a connection alone is nothing. */
export function hasCounted(counts: HttpCounts): boolean {
  return HTTP_COUNTERS.some((name) => name !== 'connections' && counts[name] > 0);
}

export function makeHttpCounts(): MutableHttpCounts {
  return {
    ...{ connections: 0, connectionsRefused: 0, taken: 0, underWay: 0 },
    ...{ tooLarge: 0, noRoom: 0, cut: 0, forbidden: 0 },
  };
}
