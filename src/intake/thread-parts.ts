/**
 * What every intake thread has beside its listener, whatever that is: rate limiter and forwarder.
 *
 * To give memory back, an intake thread returns the free pages of its shard, collects its own garbage where Node
 * was started with --expose-gc, and has the C library (glibc) return what is freed in the whole process.
 */
import type { ShardCounters } from '../telemetry/shard-counters.ts';
import { BatchForwarder, type Forwarder } from './forwarder.ts';
import type { ForwardSettings, RateLimiterSettings } from './intake-settings.ts';
import type { Libc } from './libc.ts';
import { MemoryUsage } from './memory-usage.ts';
import { PortableForwarder } from './portable-forwarder.ts';
import { RateLimiter } from './rate-limiter.ts';

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
export function makeForwarder(
  settings: ForwardSettings | undefined,
  { libc, memory, counters }: PartOptions,
): Forwarder | undefined {
  if (settings === undefined) return undefined;
  const forwarder =
    libc === undefined
      ? new PortableForwarder(memory, counters)
      : new BatchForwarder({ libc, memory, counters });
  forwarder.aim(settings.target);
  return forwarder;
}
