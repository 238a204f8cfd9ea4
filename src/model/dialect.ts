/** What clients of plain StatsD and its relatives say otherwise than DogStatsD does. All of it is off unless asked for. */

/** Ways to write tags into the name of a metric (protocol/dialect-tags.ts). */
export const TAG_DIALECTS = ['influx', 'librato', 'signalfx', 'graphite'] as const;
export type TagDialect = (typeof TAG_DIALECTS)[number];

export interface Dialects {
  readonly tags: readonly TagDialect[];
  /** A gauge with a sign changes the value by so much. */
  readonly relativeGauges: boolean;
}

/** Listeners that can have a dialect, as the configuration names them. */
export const DIALECT_LISTENERS = ['udp', 'unixgram', 'streams', 'http'] as const;
export type DialectListener = (typeof DIALECT_LISTENERS)[number];
