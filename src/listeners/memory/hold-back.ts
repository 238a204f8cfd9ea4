/**
 * The rate limiter on a thread whose event loop receives: keeps the thread from its event loop while memory is
 * short, so that nothing is read from any socket. node:dgram cannot be told to stop, and Node reads ahead of whoever
 * pauses a stream.
 *
 * Buckets are sealed and messages of the control thread are heard meanwhile; a request to stop ends it.
 */
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { Clock } from '../thread/clock.ts';
import type { ListenerShard } from '../thread/listener-shard.ts';
import type { RateLimiter } from './rate-limiter.ts';

export interface HeldBack {
  /** Undefined when it is off. */
  readonly limiter: RateLimiter | undefined;
  readonly shard: Pick<ListenerShard, 'hasBacklog' | 'work' | 'passTime'>;
  readonly control: ControlWord;
  readonly clock: Clock;
  readonly onAttention: () => void;
  /** As after a batch of packets. */
  readonly afterBatch: () => void;
}

/** To be called after each packet or chunk; returns when the next may be received. */
export function holdBack({ limiter, shard, control, clock, onAttention, afterBatch }: HeldBack): void {
  if (limiter === undefined) return;
  for (let ms = limiter.pauseMs(); ms > 0 && !control.stopRequested; ms = limiter.pauseMs()) {
    if (shard.hasBacklog) shard.work();
    control.waitForStop(ms);
    if (control.needsAttention()) onAttention();
    clock.tick();
    shard.passTime();
    afterBatch();
  }
}
