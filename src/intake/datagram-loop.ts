/**
 * Hot path. The loop of an intake thread that owns, or shares, a datagram socket.
 *
 *   recvmmsg, at most 100 ms ─▶ forwarder ─▶ shard ─▶ control word ─▶ …
 *   backlog?       drain the socket without waiting ─▶ work for a slice ─▶ …
 *   memory short?  work the backlog off, sleep on the control word ─▶ …
 *
 * Synchronous: the thread blocks in the kernel, in pauses of the rate limiter, and nowhere else. It ends
 * when the control thread asks it to, having taken what the kernel had accepted by then, unless another server has the
 * socket and takes it.
 */
import type { ControlWord } from '../telemetry/control-word.ts';
import type { Clock } from './clock.ts';
import type { Forwarder } from './forwarder.ts';
import { EAGAIN, EINTR, type Libc, MSG_DONTWAIT, MSG_TRUNC, MSG_WAITFORONE, SO_RCVTIMEO } from './libc.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { ReceiveSlots } from './receive-slots.ts';
import type { Shard } from './shard.ts';

/** Longest time in one receive, ms; how late a bucket of an idle socket may be sealed. */
const RECEIVE_TIMEOUT_MS = 100;
/** Datagrams taken from the socket before a slice of work, so that a fast sender cannot starve the work. */
const DRAIN_PACKETS_MAX = 4096;
/** How long a stopping thread may go on receiving, ms; everything accepted before is read long before that. */
const STOP_DRAIN_MS = 300;
/** Pause after a receive that failed, ms, so that a broken socket does not spin. */
const ERROR_PAUSE_MS = 50;

export interface DatagramLoop {
  readonly libc: Libc;
  readonly fd: number;
  readonly slots: ReceiveSlots;
  readonly shard: Shard;
  readonly control: ControlWord;
  readonly clock: Clock;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: Forwarder | undefined;
  /** Called when the control thread has sent a message and asks for attention. */
  readonly onAttention: () => void;
  /** Called after every batch and at least every 100 ms. `received` is the number of packets. */
  readonly afterBatch: (received: number) => void;
}

/** Receives until the control thread asks to stop; returns when everything accepted has been ingested. */
export function runDatagramLoop(loop: DatagramLoop): void {
  const { libc, fd, shard, control } = loop;
  libc.setTimeout(fd, SO_RCVTIMEO, RECEIVE_TIMEOUT_MS);
  while (!control.stopRequested) {
    const pauseMs = loop.limiter?.pauseMs() ?? 0;
    if (pauseMs > 0) {
      pause(loop, pauseMs);
    } else if (shard.hasBacklog) {
      drain(loop, DRAIN_PACKETS_MAX, Number.POSITIVE_INFINITY);
      shard.work();
      loop.afterBatch(0);
    } else {
      receive(loop, MSG_WAITFORONE);
    }
  }
  // What another server receives from now on is left to it.
  if (!control.isHandedOver) drain(loop, Number.POSITIVE_INFINITY, performance.now() + STOP_DRAIN_MS);
  loop.clock.tick();
  shard.finish();
  loop.afterBatch(0);
}

/** Receives without waiting until the socket is empty, `packets` have come or the time is over. */
function drain(loop: DatagramLoop, packets: number, until: number): void {
  const { control } = loop;
  let received = 0;
  while (received < packets && performance.now() < until) {
    const count = receive(loop, MSG_DONTWAIT);
    received += count;
    if (count < loop.slots.count) return;
    const pauseMs = control.stopRequested ? 0 : (loop.limiter?.pauseMs() ?? 0);
    if (pauseMs > 0) {
      pause(loop, pauseMs);
      return;
    }
  }
}

/** One receive; the number of packets it brought. */
function receive(loop: DatagramLoop, flags: number): number {
  const { slots, shard, control } = loop;
  const count = slots.receive(loop.fd, flags);
  // After the receive, which may have waited: what comes after a message is to be treated by it.
  if (control.needsAttention()) loop.onAttention();
  loop.clock.tick();
  if (count > 0) {
    control.counters.add('receiveCalls');
    if (loop.forwarder !== undefined) forward(loop.forwarder, slots, count);
    shard.takeBatch(slots, count);
  } else {
    shard.passTime();
    if (count < 0 && count !== -EAGAIN && count !== -EINTR) pauseAfterError(control);
  }
  loop.afterBatch(Math.max(count, 0));
  return Math.max(count, 0);
}

/** Sends a batch on before anything is made of it. */
function forward(forwarder: Forwarder, slots: ReceiveSlots, count: number): void {
  for (let i = 0; i < count; i++) {
    forwarder.add(slots.slotPtr(i), slots.length(i), (slots.flags(i) & MSG_TRUNC) !== 0);
  }
  forwarder.flush();
}

/** Lets time pass without receiving: what waits is worked off, buckets are sealed, messages are heard. */
function pause(loop: DatagramLoop, pauseMs: number): void {
  const { shard, control, clock } = loop;
  const until = performance.now() + pauseMs;
  while (shard.hasBacklog && performance.now() < until) shard.work();
  const left = until - performance.now();
  if (left > 0) control.waitForStop(left);
  if (control.needsAttention()) loop.onAttention();
  clock.tick();
  shard.passTime();
  loop.afterBatch(0);
}

function pauseAfterError(control: ControlWord): void {
  control.counters.add('receiveErrors');
  control.waitForStop(ERROR_PAUSE_MS);
}
