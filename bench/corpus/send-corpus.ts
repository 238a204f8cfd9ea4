/**
 * Sends a corpus over and over, as fast as the socket takes it or at a rate, and says what was sent.
 *
 * Pace    slices of 32 datagrams, each at its time. A sender that was held up does not hurry after what it
 *         missed: the burst would overrun a UDP receiver that keeps up well. The report has the real time.
 * End     between chunks of the corpus, where its totals are known.
 * Time    what it takes to prepare the next pass does not count: with shuf that is a quarter of it.
 */
import { errnoName } from '../../src/listeners/system/libc.ts';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import type { SendOrder, SendReport } from '../messages.ts';
import { FrameSender } from '../send-frames.ts';
import { ClientSenders } from './client-senders.ts';
import { CHUNK_PACKETS, type Corpus } from './corpus.ts';

const SLICE_PACKETS = 32;
/** Sleeping is not exact: the last of the time, and so every short time, is spent looking at the clock. */
const SPIN_MS = 1;
/** Held up for longer than this, the sender lets go of what it missed. */
const FORGIVEN_MS = 2;

export class CorpusSender {
  private readonly corpus: Corpus;
  /** Turns of the corpus over the sender's life, so that no order repeats what another sent. */
  private page = 0;
  /** Whether packets of this page were sent. */
  private isPageUsed = false;

  constructor(corpus: Corpus) {
    this.corpus = corpus;
  }

  send(order: SendOrder): SendReport {
    const sender = openSender(order);
    try {
      return this.sendTo(sender, order);
    } finally {
      sender.close();
    }
  }

  private sendTo(sender: CorpusTarget, order: SendOrder): SendReport {
    const { corpus } = this;
    // A receiver that was warmed up knows the lines of the page that the order before ended in.
    if (this.isPageUsed) this.turnPage();
    this.isPageUsed = true;
    const packets = { ...corpus.packets, ...withCredentials(corpus.packetCount, order.pids) };
    const startedAt = performance.now();
    const duration = order.seconds === undefined ? Number.POSITIVE_INFINITY : 1000 * order.seconds;
    let turning = 0;
    const lastPass = order.passes ?? Number.POSITIVE_INFINITY;
    const pace = new Pace(order, startedAt);
    let passes = 0;
    let next = 0;
    let failure = '';
    while (failure === '' && passes < lastPass && performance.now() - startedAt - turning < duration) {
      const end = Math.min(next + CHUNK_PACKETS, corpus.packetCount);
      while (next < end && failure === '') {
        const slice = pace.isPaced ? Math.min(next + SLICE_PACKETS, end) : end;
        next = sender.send(packets, next, slice);
        if (sender.stoppedBy !== 0) failure = `sending stopped: ${errnoName(sender.stoppedBy)}`;
        pace.wait(sender.packets, sender.bytes);
      }
      if (next === corpus.packetCount) {
        passes++;
        next = 0;
        const turned = this.turnPage();
        turning += turned;
        pace.standStill(turned);
      }
    }
    const seconds = (performance.now() - startedAt - turning) / 1000;
    if ('oversized' in sender && sender.oversized > 0)
      failure = `${sender.oversized} datagrams were too long for the socket`;
    return { seconds, totals: corpus.totalsAfter(passes, next), failure };
  }

  /** Prepares the next pass; ms that it took. */
  private turnPage(): number {
    const startedAt = performance.now();
    this.corpus.turnPage(++this.page);
    return performance.now() - startedAt;
  }
}

function withCredentials(
  packetCount: number,
  pids: readonly number[] | undefined,
): { readonly credentials?: Int32Array } {
  if (pids === undefined || pids.length === 0) return {};
  const credentials = new Int32Array(3 * packetCount);
  for (let i = 0; i < packetCount; i++) credentials[3 * i] = pids[i % pids.length] as number;
  return { credentials };
}

type CorpusTarget = BatchSender | FrameSender | ClientSenders;

function openSender({ destination, clients = 1 }: SendOrder): CorpusTarget {
  const options = { timeoutMs: 5_000 };
  if (destination.kind === 'stream') return new FrameSender(destination.path, options);
  if (clients === 1) return new BatchSender(destination, options);
  return new ClientSenders(Array.from({ length: clients }, () => new BatchSender(destination, options)));
}

class Pace {
  readonly isPaced: boolean;
  private readonly msPerPacket: number;
  private readonly msPerByte: number;
  private startedAt: number;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  constructor(order: SendOrder, startedAt: number) {
    this.msPerPacket = 1000 / (order.packetsPerSecond ?? Number.POSITIVE_INFINITY);
    this.msPerByte = 1000 / (order.bytesPerSecond ?? Number.POSITIVE_INFINITY);
    this.isPaced = this.msPerPacket > 0 || this.msPerByte > 0;
    this.startedAt = startedAt;
  }

  /** Waits until so much may have been sent. */
  wait(packets: number, bytes: number): void {
    if (!this.isPaced) return;
    const due = this.startedAt + packets * this.msPerPacket + bytes * this.msPerByte;
    const left = due - performance.now();
    if (left < -FORGIVEN_MS) this.startedAt -= left;
    if (left > SPIN_MS) Atomics.wait(this.sleeper, 0, 0, left - SPIN_MS);
    while (performance.now() < due);
  }

  /** So many ms pass that do not count. */
  standStill(ms: number): void {
    this.startedAt += ms;
  }
}
