/**
 * What was given up, by reason, kind of payload and age: plain data for metrics, the ledger and the status.
 *
 * Bounded: reasons and ages are the fixed words below, kinds are the few of the payloads.
 */
import type { OwnSample } from '../../telemetry/metric.ts';

export const LOSS_REASONS = [
  /** No room in memory, and no disk to write to or the disk is behind. */
  'memory_full',
  /** No room in memory, and writing to disk failed. */
  'disk_failed',
  /** Removed from disk for newer data. */
  'disk_full',
  /** On disk for longer than the age limit. */
  'too_old',
  /** Somebody else removed the file, or its folder. */
  'file_removed',
  /** The file could not be read back whole. */
  'file_damaged',
  /** Nobody is configured any more to whom it could be sent. */
  'no_destination',
  /** The server stopped before it could be sent, and no disk kept it. */
  'stopped',
  /** The receiver refused it for good. */
  'refused',
  /** The receiver has newer points of the same series, or another value at the same time. */
  'out_of_order',
  /** The receiver does not take this kind of data, or this form of it. */
  'unsupported',
  /** The receiver refuses the temporality it was sent with. */
  'temporality',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Upper bounds of the ages that losses are counted by. */
const AGES: readonly (readonly [name: string, belowMs: number])[] = [
  ['under_1m', 60_000],
  ['under_10m', 600_000],
  ['under_1h', 3_600_000],
  ['under_1d', 86_400_000],
  ['over_1d', Infinity],
];

export interface Amount {
  readonly payloads: number;
  /** Series, sketches, events or checks. */
  readonly items: number;
  readonly points: number;
  readonly bytes: number;
}

export interface Loss extends Amount {
  readonly reason: LossReason;
  readonly kind: string;
  /** How old the data was: `under_1m`, `under_10m`, `under_1h`, `under_1d`, `over_1d`. */
  readonly age: string;
}

export const NOTHING: Amount = { payloads: 0, items: 0, points: 0, bytes: 0 };

export class LossCounts {
  private readonly losses = new Map<string, Loss>();

  add(reason: LossReason, kind: string, ageMs: number, amount: Amount): void {
    // A payload may be lost in part.
    if (amount.payloads === 0 && amount.items === 0 && amount.points === 0) return;
    const age = nameAge(ageMs);
    const key = `${reason} ${kind} ${age}`;
    const before = this.losses.get(key) ?? NOTHING;
    this.losses.set(key, { reason, kind, age, ...sumOf(before, amount) });
  }

  list(): readonly Loss[] {
    return [...this.losses.values()];
  }

  get total(): Amount {
    return this.list().reduce(sumOf, NOTHING);
  }

  samples(labels: Readonly<Record<string, string>>, of: keyof Amount): OwnSample[] {
    return this.list().map(({ reason, kind, age, ...amount }) => ({
      labels: { ...labels, kind, reason, age },
      value: amount[of],
    }));
  }
}

export function sumOf(a: Amount, b: Amount): Amount {
  return {
    payloads: a.payloads + b.payloads,
    items: a.items + b.items,
    points: a.points + b.points,
    bytes: a.bytes + b.bytes,
  };
}

export function differenceOf(a: Amount, b: Amount): Amount {
  return {
    payloads: a.payloads - b.payloads,
    items: a.items - b.items,
    points: a.points - b.points,
    bytes: a.bytes - b.bytes,
  };
}

/** The amount one payload is. */
export function amountOf(payload: {
  readonly body: Uint8Array;
  readonly itemCount: number;
  readonly pointCount: number;
}): Amount {
  const { body, itemCount, pointCount } = payload;
  return { payloads: 1, items: itemCount, points: pointCount, bytes: body.byteLength };
}

function nameAge(ageMs: number): string {
  return AGES.find(([, belowMs]) => ageMs < belowMs)?.[0] ?? 'over_1d';
}
