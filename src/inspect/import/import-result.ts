/** What an import of another server's file gives, and what the imports share: notes, maps, lists, durations, addresses. */

export interface ImportNote {
  /** Where in the file: `mappings 3 "jobs.*"`. */
  readonly place: string;
  /** What could not be carried over, or is different. */
  readonly text: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface ImportResult {
  /** As it is written to a configuration file. */
  readonly config: Fields;
  readonly notes: readonly ImportNote[];
}

/** A rule of ours, as far as imports write it. */
export interface ImportedRule {
  readonly match: string;
  readonly match_type?: 'regex';
  readonly types?: readonly string[];
  drop?: boolean;
  drop_tags?: readonly string[];
  expiry_seconds?: number;
  scale?: number;
  buckets?: readonly number[];
}

/** The longest that a key of seconds takes: a week. */
export const EXPIRY_SECONDS_MAX = 604_800;

/** Notes in the order in which they came up. */
export class Notes {
  readonly all: ImportNote[] = [];

  add(place: string, text: string): void {
    this.all.push({ place, text });
  }
}

export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map under a key; an empty one where there is none. */
export function mapOf(fields: Fields, key: string): Fields {
  const value = fields[key];
  return isMap(value) ? value : {};
}

/** A list, or text with blanks between its words. */
export function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (value === undefined || value === null) return [];
  return String(value)
    .split(/\s+/)
    .filter((word) => word !== '');
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 },
};

/** Seconds of a duration as Go writes them: 1h30m, 500ms, -1s; plain numbers are nanoseconds there. */
export function durationOf(value: unknown): number {
  if (typeof value === 'number') return value * 1e-9;
  if (typeof value !== 'string') return 0;
  if (/^[+-]?\d+$/.test(value)) return Number(value) * 1e-9;
  let seconds = 0;
  for (const [, number = '0', unit = 's'] of value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(number) * (UNIT_SECONDS[unit] ?? 1);
  return value.startsWith('-') ? -seconds : seconds;
}

/** Host and port of `:8125`, `localhost:8125`, `[::1]:8125`, `udp://:8125`; undefined when there is no port. */
export function addressOf(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = /^(?:\w+:\/\/)?(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (port === '' || number > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** Our keys for where packets are received: all addresses where theirs is empty. */
export function listenKeys({ host }: { readonly host: string }): Fields {
  if (host === '' || host === '0.0.0.0' || host === '::') return { dogstatsd_non_local_traffic: true };
  return { bind_host: host };
}

/** Percentages as our list of shares of 1, and those that it would round. */
export function percentilesOf(percentages: readonly number[]): { shares: string[]; rounded: number[] } {
  const whole = percentages.filter((one) => one >= 0 && one <= 100);
  return {
    shares: [...new Set(whole.map((one) => String(Number((one / 100).toFixed(8)))))],
    rounded: whole.filter((one) => !Number.isInteger(one)),
  };
}
