/**
 * Recorded traffic through a virtual server: records drive the clock, and every bucket is flushed when it has closed.
 *
 *   record at 1005.2 ─▶ flushes that are due by then ─▶ shard          … the end: flushes until its buckets have closed
 *
 * The clock never goes back: a record with an earlier time than the one before counts for its own bucket and arrives
 * now, as in the server. A packet longer than any listener takes is left out and counted.
 *
 * Memory  that of the simulation; records are taken as they are read.
 */
import { PACKET_BYTES_MAX } from '../../model/core-border.ts';
import type { CapturedTagger } from '../capture/captured-tagger.ts';
import { type ReadRecord, secondsOf } from '../capture/record.ts';
import type { SimulateResult } from './simulate.ts';
import { Simulation } from './simulate.ts';
import type { SimulateSettings } from './simulate-settings.ts';

export interface TrafficTimeline {
  readonly batches: AsyncIterable<readonly ReadRecord[]>;
  /** Who sent records, and with which tags. Undefined: nobody is known. */
  readonly senders?: CapturedTagger;
  /** Times to flush at instead of the ends of buckets. */
  readonly flushAt?: readonly number[] | undefined;
  readonly stopAt?: number | undefined;
  readonly cold?: boolean;
  /** Whether every message of packets that came through this kind of listener must end with LF. */
  readonly eolRequired?: (listener: string) => boolean;
}

export interface TrafficResult extends SimulateResult {
  /** When was flushed. */
  readonly flushAt: readonly number[];
  readonly records: number;
  /** Packets that are longer than any listener takes. */
  readonly tooLong: number;
}

export async function simulateTraffic(
  { batches, senders, flushAt, stopAt, cold = false, eolRequired = () => false }: TrafficTimeline,
  settings: SimulateSettings,
): Promise<TrafficResult> {
  const tagger = senders ?? settings.tagger;
  const simulation = new Simulation({ ...settings, tagger }, cold, 1, (pid) =>
    senders === undefined ? { pid, socket: '' } : senders.senderOf(pid),
  );
  const flushes = new Flushes(simulation, settings, flushAt);
  let records = 0;
  let tooLong = 0;
  let now = 0;
  for await (const batch of batches) {
    for (const record of batch) {
      const at = Math.max(secondsOf(record), 0);
      now = Math.max(now, at);
      if (stopAt !== undefined && now > stopAt) continue;
      if (record.payload.length > PACKET_BYTES_MAX) {
        tooLong++;
        continue;
      }
      flushes.until(now);
      flushes.begin(at);
      const { payload, pid, missingBytes } = record;
      const packet = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1');
      simulation.takePacket(packet, at, 0, {
        origin: Math.max(pid, 0),
        eolRequired: eolRequired(record.listener),
        truncated: missingBytes > 0,
      });
      records++;
    }
  }
  flushes.finish(now, stopAt);
  return { ...simulation.finish(), flushAt: flushes.times, records, tooLong };
}

/** When buckets close, one after the other. */
class Flushes {
  readonly times: number[] = [];
  private readonly simulation: Simulation;
  private readonly widths: readonly number[];
  private readonly given: readonly number[] | undefined;
  /** How long after the last sample something can still be emitted, seconds. */
  private readonly idleSeconds: number;
  private next = Number.POSITIVE_INFINITY;
  private lastAt = 0;

  constructor(simulation: Simulation, { widths, sampler }: SimulateSettings, given?: readonly number[]) {
    this.simulation = simulation;
    this.widths = widths;
    this.given = given === undefined ? undefined : [...given].sort((a, b) => a - b);
    const { counterExpirySeconds, contextExpirySeconds } = sampler;
    this.idleSeconds = Math.max(counterExpirySeconds, contextExpirySeconds) + 2 * Math.max(...widths);
    if (this.given !== undefined) this.next = this.given[0] ?? Number.POSITIVE_INFINITY;
  }

  /** A record arrives that belongs to the bucket of `at`. */
  begin(at: number): void {
    this.lastAt = Math.max(this.lastAt, at);
    if (this.given === undefined && this.next === Number.POSITIVE_INFINITY) this.next = this.closingAfter(at);
  }

  /** Flushes everything that is due before `now`. A sample at the time of a flush comes before it. */
  until(now: number): void {
    while (this.next < now) {
      this.flush();
      // After a silence this long there is nothing left to emit: the next bucket is the one of `now`.
      if (this.given === undefined && this.next < now && this.next > this.lastAt + this.idleSeconds)
        this.next = this.closingAfter(now);
    }
  }

  /** Flushes until all buckets of the last record have closed, or what is asked for. */
  finish(now: number, stopAt: number | undefined): void {
    if (stopAt !== undefined) {
      this.until(stopAt);
      this.simulation.flush('stop', stopAt);
      return;
    }
    if (this.next === Number.POSITIVE_INFINITY) return;
    const end =
      this.given?.at(-1) ?? Math.max(...this.widths.map((width) => (Math.floor(now / width) + 1) * width));
    while (this.next <= end) this.flush();
  }

  private flush(): void {
    this.simulation.flush(this.times.length, this.next);
    this.times.push(this.next);
    this.next =
      this.given === undefined
        ? this.closingAfter(this.next)
        : (this.given[this.times.length] ?? Number.POSITIVE_INFINITY);
  }

  /** The first end of a bucket after `time`. */
  private closingAfter(time: number): number {
    return Math.min(...this.widths.map((width) => (Math.floor(time / width) + 1) * width));
  }
}
