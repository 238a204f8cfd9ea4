/**
 * What every listener thread has beside its listener, whatever that is: rate limiter and forwarder.
 *
 * To give memory back, a listener thread returns the free pages of its shard, collects its own garbage where Node
 * was started with --expose-gc, and has the C library (glibc) return what is freed in the whole process.
 */
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import { BatchPacketForwarder, type PacketForwarder } from '../forward/packet-forwarder.ts';
import { PortablePacketForwarder } from '../forward/portable-packet-forwarder.ts';
import { MemoryUsage } from '../memory/memory-usage.ts';
import { RateLimiter } from '../memory/rate-limiter.ts';
import type { Libc } from '../system/libc.ts';
import type { ForwardSettings, RateLimiterSettings } from './listener-settings.ts';

export interface PartOptions {
  /** Undefined where no system calls can be made. */
  readonly libc: Libc | undefined;
  readonly memory: () => Buffer;
  /** Gives what is free of the shard's memory back to the system (memory-giver.ts). */
  readonly giveMemory: () => void;
  readonly counters: ShardCounters;
}

/** Undefined when the limiter is off. */
export function makeRateLimiter(
  settings: RateLimiterSettings | undefined,
  { libc, giveMemory, counters }: PartOptions,
): RateLimiter | undefined {
  if (settings === undefined) return undefined;
  const usage = new MemoryUsage(settings.memory);
  return new RateLimiter({
    limits: settings.limits,
    ratio: () => usage.ratio(),
    reclaim: () => {
      giveMemory();
      void globalThis.gc?.();
      libc?.trimHeap();
    },
    counters,
  });
}

/** Undefined when nothing is forwarded. */
export function makePacketForwarder(
  settings: ForwardSettings | undefined,
  { libc, memory, counters }: PartOptions,
): PacketForwarder | undefined {
  if (settings === undefined) return undefined;
  const forwarder =
    libc === undefined
      ? new PortablePacketForwarder(memory, counters)
      : new BatchPacketForwarder({ libc, memory, counters });
  forwarder.aim(settings.target);
  return forwarder;
}
