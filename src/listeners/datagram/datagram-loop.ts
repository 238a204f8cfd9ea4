/**
 * Hot path. The loop of a listener thread that owns, or shares, a datagram socket.
 *
 *   packets of UDP may gather (receive-moderation.ts)
 *   recvmmsg, at most 250 ms ─▶ forwarder ─▶ shard ─▶ control word ─▶ …
 *   Unix socket?   looked at again while a batch is processed
 *   backlog?       drain the socket without waiting ─▶ work for a slice ─▶ …
 *   just started?  receive without waiting; nothing there? warm up for a moment (thread/warm-up.ts) ─▶ …
 *   memory short?  work the backlog off, sleep on the control word ─▶ …
 *   stop?          let nothing more in (stop-inflow.ts) ─▶ drain the socket ─▶ seal
 *
 * Synchronous: the thread blocks in the kernel, in pauses of the rate limiter, and nowhere else. It ends
 * when the control thread asks it to, having taken all that the kernel had accepted, unless another server has the
 * socket and takes it. Senders learn at once that nobody receives any more.
 *
 * Older sockets  When the file of a Unix socket is removed, a new socket takes its place at the path, and those who are
 *                connected go on sending to the older one. Both are read, until the stop; of OLDER_MAX the oldest goes.
 */
import { MSG_TRUNC } from '../../model/core-border.ts';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { PacketForwarder } from '../forward/packet-forwarder.ts';
import type { RateLimiter } from '../memory/rate-limiter.ts';
import {
  EAGAIN,
  EINTR,
  type Libc,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  POLL_MAX,
  SO_RCVTIMEO,
} from '../system/libc.ts';
import { stopDatagrams } from '../system/stop-inflow.ts';
import type { Clock } from '../thread/clock.ts';
import type { ListenerShard } from '../thread/listener-shard.ts';
import type { WarmUp } from '../thread/warm-up.ts';
import type { LookAhead } from './look-ahead.ts';
import type { ReceiveModeration } from './receive-moderation.ts';
import { RECEIVED_MAX, type ReceiveSlots } from './receive-slots.ts';
import { RECEIVE_TIMEOUT_MS, ReceiveTimeout } from './receive-timeout.ts';

/** Datagrams taken from the socket before a slice of work, so that a fast sender cannot starve the work. */
const DRAIN_PACKETS_MAX = 4096;
/** How long a stopping thread may go on receiving, ms, where the inflow cannot be stopped. */
const STOP_DRAIN_MS = 300;
/** How long it may go on processing what it receives, ms, where the inflow is stopped; the rest is counted only. */
const STOP_PROCESS_MS = 5000;
/** A datagram that was on its way through the kernel when the inflow stopped arrives within this, ms. */
const STOP_SETTLE_MS = 2;
/** What is processed before a Unix socket is looked at again, 5 to 10 us: it holds ten packets by default. */
const SHARE_BYTES = 4096;
const SHARE_PACKETS = 8;
/** Bytes of a batch from which on no more are added to it: they stay in the processor's second-level cache. */
const BATCH_BYTES = 512 * 1024;
/** Sockets that are read beside the one at the path. */
const OLDER_MAX = POLL_MAX - 1;
/** Pause after a receive that failed, ms, so that a broken socket does not spin. */
const ERROR_PAUSE_MS = 50;

export interface DatagramLoop {
  readonly libc: Libc;
  readonly fd: number;
  /** Sockets that had the place of this one before, oldest first; the loop closes them. */
  readonly older: number[];
  /** Whether the socket is kept by whoever started this process: what it holds waits there when we stop. */
  readonly isBorrowed: boolean;
  readonly slots: ReceiveSlots;
  readonly shard: ListenerShard;
  readonly warmUp: Pick<WarmUp, 'isPending' | 'step'>;
  readonly control: ControlWord;
  readonly clock: Clock;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: PacketForwarder | undefined;
  /** For a socket whose packets may gather; undefined for one that must be read at once. */
  readonly moderation: ReceiveModeration | undefined;
  /** For a socket that holds few packets and is looked at again before all of a batch is processed. */
  readonly lookAhead: LookAhead | undefined;
  /** Called when the control thread has sent a message and asks for attention. */
  readonly onAttention: () => void;
  /** Called for packets that were just received before the shard takes them, to find out who sent them; undefined when that is off. */
  readonly findOrigins: ((first: number, received: number) => void) | undefined;
  /** Called after every batch and at least every 250 ms. `received` is the number of packets. */
  readonly afterBatch: (received: number) => void;
}

/** Receives until the control thread asks to stop; returns when everything accepted has been ingested. */
export function runDatagramLoop(loop: DatagramLoop): void {
  const { libc, fd, shard, control } = loop;
  const timeout = new ReceiveTimeout((ms) => libc.setTimeout(fd, SO_RCVTIMEO, ms));
  while (!control.stopRequested) {
    const pauseMs = loop.limiter?.pauseMs() ?? 0;
    if (pauseMs > 0) {
      pause(loop, pauseMs);
    } else if (shard.hasBacklog) {
      for (const one of socketsOf(loop)) drain(loop, one, DRAIN_PACKETS_MAX, Number.POSITIVE_INFINITY);
      shard.work();
      loop.afterBatch(0);
    } else if (loop.older.length > 0) receiveFromAny(loop);
    else if (loop.warmUp.isPending) receiveOrWarmUp(loop);
    else {
      loop.moderation?.wait();
      receive(loop, fd, MSG_WAITFORONE, timeout);
    }
  }
  // What another server receives from now on is left to it.
  if (!control.isHotRestart) drainToEnd(loop, fd);
  for (const older of loop.older.splice(0)) {
    drainToEnd(loop, older);
    libc.close(older);
  }
  loop.slots.credentials?.release();
  loop.clock.tick();
  shard.finish();
  loop.afterBatch(0);
}

function socketsOf({ fd, older }: DatagramLoop): readonly number[] {
  return older.length === 0 ? [fd] : [...older, fd];
}

/** Warms up while nothing comes. */
function receiveOrWarmUp(loop: DatagramLoop): void {
  if (receive(loop, loop.fd, MSG_DONTWAIT) === 0) loop.warmUp.step();
}

/** Waits for all sockets at once. */
function receiveFromAny(loop: DatagramLoop): void {
  const { libc, older } = loop;
  while (older.length > OLDER_MAX) {
    const oldest = older.shift() as number;
    drainToEnd(loop, oldest);
    libc.close(oldest);
  }
  libc.waitReadable(socketsOf(loop), RECEIVE_TIMEOUT_MS);
  for (const one of socketsOf(loop)) drain(loop, one, DRAIN_PACKETS_MAX, Number.POSITIVE_INFINITY);
}

/**
 * Stops the inflow and takes what the kernel has accepted. What there is no time to process is counted as it is taken: a
 * queue has an end when nothing more comes in.
 */
function drainToEnd(loop: DatagramLoop, fd: number): void {
  const { libc, isBorrowed, slots, control } = loop;
  // It stays in a socket that is kept elsewhere, for the next server.
  if (isBorrowed) return;
  const isStopped = stopDatagrams(libc, fd);
  const until = performance.now() + (isStopped ? STOP_PROCESS_MS : STOP_DRAIN_MS);
  drain(loop, fd, Number.POSITIVE_INFINITY, until);
  if (isStopped && performance.now() < until) {
    libc.waitReadable([fd], STOP_SETTLE_MS);
    drain(loop, fd, Number.POSITIVE_INFINITY, until);
  }
  let left = slots.receive(fd, MSG_DONTWAIT);
  const end = performance.now() + STOP_DRAIN_MS;
  for (; left > 0; left = performance.now() < end ? slots.receive(fd, MSG_DONTWAIT) : 0)
    control.counters.add('stoppedPackets', left);
}

/** Receives without waiting until the socket is empty, `packets` have come or the time is over. */
function drain(loop: DatagramLoop, fd: number, packets: number, until: number): void {
  const { control } = loop;
  let received = 0;
  while (received < packets && performance.now() < until) {
    const count = receive(loop, fd, MSG_DONTWAIT);
    received += count;
    if (count < RECEIVED_MAX) return;
    const pauseMs = control.stopRequested ? 0 : (loop.limiter?.pauseMs() ?? 0);
    if (pauseMs > 0) {
      pause(loop, pauseMs);
      return;
    }
  }
}

/** One receive; the number of packets it brought. */
function receive(loop: DatagramLoop, fd: number, flags: number, timeout?: ReceiveTimeout): number {
  const { slots, shard, control } = loop;
  const received = slots.receive(fd, flags);
  const count = isEndOfInflow(loop, 0, received) ? 0 : received;
  let packets = Math.max(count, 0);
  // After the receive, which may have waited: what comes after a message is to be treated by it.
  const hasMessage = control.needsAttention();
  if (hasMessage) loop.onAttention();
  if (timeout !== undefined) noteReceive(timeout, control, count, hasMessage);
  loop.clock.tick();
  loop.moderation?.note(packets, slots.length(0), loop.clock.seconds[0] as number);
  if (count > 0) {
    admit(loop, 0, count);
    if (loop.lookAhead?.begins(count, loop.clock.seconds[0] as number))
      packets = processInShares(loop, fd, count);
    else shard.takeBatch(slots, 0, count);
  } else {
    shard.passTime();
    if (count < 0 && count !== -EAGAIN && count !== -EINTR) pauseAfterError(control);
  }
  loop.afterBatch(packets);
  return packets;
}

/** Notes what was received into slots from `first` on. */
function admit(loop: DatagramLoop, first: number, count: number): void {
  loop.control.counters.add('receiveCalls');
  if (loop.forwarder !== undefined) forward(loop.forwarder, loop.slots, first, count);
  loop.findOrigins?.(first, count);
}

/**
 * Processes a batch and looks at the socket in between, for as long as there are free slots: senders that do not wait lose
 * what a full socket cannot take. Returns how many packets the batch has in the end.
 */
function processInShares(loop: DatagramLoop, fd: number, received: number): number {
  const { slots, shard } = loop;
  let filled = received;
  let bytes = bytesOf(slots, 0, filled);
  let done = 0;
  for (;;) {
    const count = shareOf(slots, done, filled);
    shard.takeBatch(slots, done, count);
    done += count;
    if (done === filled) return filled;
    if (filled === slots.count || bytes >= BATCH_BYTES) continue;
    const more = slots.receive(fd, MSG_DONTWAIT, filled);
    if (more <= 0 || isEndOfInflow(loop, filled, more)) continue;
    admit(loop, filled, more);
    bytes += bytesOf(slots, filled, more);
    filled += more;
  }
}

/** How many of the packets in [from, end) are processed before the socket is looked at again. */
function shareOf(slots: ReceiveSlots, from: number, end: number): number {
  const stop = Math.min(end, from + SHARE_PACKETS);
  let at = from;
  for (let bytes = 0; at < stop && bytes < SHARE_BYTES; at++) bytes += slots.length(at);
  return at - from;
}

function bytesOf(slots: ReceiveSlots, first: number, count: number): number {
  let bytes = 0;
  for (let i = first; i < first + count; i++) bytes += slots.length(i);
  return bytes;
}

/** What a receive that may wait came to. */
function noteReceive(
  timeout: ReceiveTimeout,
  control: ControlWord,
  count: number,
  hasMessage: boolean,
): void {
  if (count === -EAGAIN) control.counters.add('emptyReceives');
  if (count === -EAGAIN && !hasMessage) timeout.noteEmpty();
  else timeout.noteActive();
}

/**
 * Whether a receive brought no packet but the news that another thread, which shares the socket, has stopped its inflow:
 * the kernel then wakes those who wait with a message of no bytes (unix(7), shutdown).
 */
function isEndOfInflow({ slots, control }: DatagramLoop, first: number, received: number): boolean {
  return received === 1 && slots.length(first) === 0 && control.stopRequested;
}

/** Sends packets on before anything is made of them. */
function forward(forwarder: PacketForwarder, slots: ReceiveSlots, first: number, count: number): void {
  for (let i = first; i < first + count; i++) {
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
