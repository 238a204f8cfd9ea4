/**
 * Open sets: results that are kept in the log and not acknowledged by whoever takes them.
 *
 *   waiting ──handed on──▶ with an acknowledgement ──done, in order──▶ delivered
 */
import type { MergedSet, MergedTail } from './merged-tail.ts';
import type { Acknowledgement } from './owner-settings.ts';

export interface OpenSet {
  readonly set: MergedSet;
  readonly bytes: number;
  /** Whether this owner closed it first, and nobody else is to hand it on. */
  readonly isOurs: boolean;
  /** When it was closed or found, ms. */
  readonly foundAt: number;
  /** When the log was asked that last told nobody had delivered it, ms. */
  seenAt: number;
  acknowledgement: Acknowledgement | undefined;
}

export class OpenSets {
  /** Everything up to here is acknowledged. */
  delivered = 0;
  private sets: OpenSet[] = [];

  get bytes(): number {
    return this.sets.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get size(): number {
    return this.sets.length;
  }

  /** Takes over what the owner before left, and keeps what was handed on here. */
  recover(tail: MergedTail, now: number): void {
    this.delivered = Math.max(this.delivered, tail.delivered);
    const handed = this.sets.filter(({ acknowledgement }) => acknowledgement !== undefined);
    this.sets = handed.filter(({ set }) => set.ordinal > tail.delivered);
    const known = new Set(this.sets.map(({ set }) => set.ordinal));
    for (const set of tail.undelivered)
      if (!known.has(set.ordinal) && set.ordinal > this.delivered)
        this.add(set, { isOurs: false, seenAt: now });
    this.sets.sort((a, b) => a.set.ordinal - b.set.ordinal);
  }

  add(set: MergedSet, { isOurs, seenAt }: Pick<OpenSet, 'isOurs' | 'seenAt'>): void {
    const bytes = set.results.reduce((sum, { chunk }) => sum + chunk.length, 0);
    this.sets.push({ set, bytes, isOurs, foundAt: seenAt, seenAt, acknowledgement: undefined });
  }

  /** Whether something was handed on and is not acknowledged. */
  get isAwaited(): boolean {
    return this.sets.some(({ acknowledgement }) => acknowledgement !== undefined);
  }

  /** Those that nobody was given, in order. */
  waiting(): readonly OpenSet[] {
    return this.sets.filter(({ acknowledgement }) => acknowledgement === undefined);
  }

  /** Somebody else delivered it. */
  remove(open: OpenSet): void {
    this.sets.splice(this.sets.indexOf(open), 1);
    if (this.sets.every(({ set }) => set.ordinal > open.set.ordinal))
      this.delivered = Math.max(this.delivered, open.set.ordinal);
  }

  /** Lets go of what is acknowledged, in order; whether there was anything. */
  settle(): boolean {
    const before = this.delivered;
    while (this.sets[0]?.acknowledgement?.isDone() === true)
      this.delivered = Math.max(this.delivered, (this.sets.shift() as OpenSet).set.ordinal);
    return this.delivered > before;
  }
}
