/**
 * Traffic over time, in a bounded number of slots: when a record is beyond the last slot, two slots become one and each
 * stands for twice the time.
 *
 *   1 s slots  │ 12 │ 9 │ 40 │ 3 │ … 240   ──a record at second 300──▶   2 s slots  │ 21 │ 43 │ … │ │
 *
 * Contexts of a slot are an estimate; those of two slots together count their union.
 */
import { DistinctEstimate } from '../../aggregate/contexts/distinct-estimate.ts';

const SLOTS = 240;
/** The narrowest slot, seconds. */
const WIDTH_MIN = 0.1;

interface Slot {
  packets: number;
  bytes: number;
  lines: number;
  contexts: DistinctEstimate | undefined;
}

export interface TimelineReport {
  /** Unix seconds of the first slot. */
  readonly start: number;
  readonly slotSeconds: number;
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
  readonly lines: readonly number[];
  readonly contexts: readonly number[];
}

export class Timeline {
  private start = 0;
  private width = WIDTH_MIN;
  private slots: (Slot | undefined)[] = [];

  packet(at: number, bytes: number, lines: number): void {
    if (at <= 0) return;
    const slot = this.slotOf(at);
    slot.packets++;
    slot.bytes += bytes;
    slot.lines += lines;
  }

  /** A context, by its hash. */
  context(at: number, hash: number): void {
    if (at <= 0) return;
    const slot = this.slotOf(at);
    slot.contexts ??= new DistinctEstimate();
    slot.contexts.addHash(hash);
  }

  report(): TimelineReport {
    const of = (value: (slot: Slot) => number): number[] =>
      Array.from(this.slots, (slot) => (slot === undefined ? 0 : value(slot)));
    return {
      start: this.start,
      slotSeconds: this.width,
      packets: of(({ packets }) => packets),
      bytes: of(({ bytes }) => bytes),
      lines: of(({ lines }) => lines),
      contexts: of(({ contexts }) => contexts?.value ?? 0),
    };
  }

  private slotOf(at: number): Slot {
    if (this.slots.length === 0) this.start = at;
    // A clock that went back counts for the first slot.
    let index = Math.max(Math.floor((at - this.start) / this.width), 0);
    while (index >= SLOTS) {
      this.fold();
      index = Math.max(Math.floor((at - this.start) / this.width), 0);
    }
    let slot = this.slots[index];
    if (slot === undefined) {
      slot = { packets: 0, bytes: 0, lines: 0, contexts: undefined };
      this.slots[index] = slot;
    }
    return slot;
  }

  private fold(): void {
    this.width *= 2;
    const folded: (Slot | undefined)[] = [];
    for (let i = 0; i < this.slots.length; i += 2) folded.push(joined(this.slots[i], this.slots[i + 1]));
    this.slots = folded;
  }
}

function joined(a: Slot | undefined, b: Slot | undefined): Slot | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.contexts !== undefined && b.contexts !== undefined) a.contexts.merge(b.contexts);
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    lines: a.lines + b.lines,
    contexts: a.contexts ?? b.contexts,
  };
}
