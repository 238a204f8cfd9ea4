import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { HeardLog, nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { seededRandom } from '../../../test/support/packets.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import { imbalanceOf } from '../../telemetry/ledger/ledger.ts';
import { LossCounts } from '../retry-queue/loss-counts.ts';
import { RetryQueue } from '../retry-queue/retry-queue.ts';
import { RetryStore } from '../retry-queue/retry-store.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { DEFAULT_BACKOFF } from './backoff.ts';
import { Endpoint, type EndpointOptions } from './endpoint.ts';
import { endpointTotals } from './endpoint-totals.ts';
import type { Sender, SendResult } from './send-result.ts';

const OK: SendResult = { kind: 'answered', status: 202 };
const BROKEN: SendResult = { kind: 'answered', status: 503 };
const HOUR_MS = 3_600_000;

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A receiver that answers what it is told to, at once or when asked. */
class FakeSender implements Sender {
  answer: SendResult | 'later' = OK;
  /** Everything that was sent, and what was acknowledged. */
  readonly sent: string[] = [];
  readonly acknowledged: string[] = [];
  underWayMax = 0;
  isClosed = false;
  private readonly waiting: ((result: SendResult) => void)[] = [];

  async send(one: Transaction): Promise<SendResult> {
    this.sent.push(nameOf(one));
    let result = this.answer;
    if (result === 'later') {
      result = await new Promise<SendResult>((resolve) => {
        this.waiting.push(resolve);
        this.underWayMax = Math.max(this.underWayMax, this.waiting.length);
      });
    }
    if (result.kind === 'answered' && result.status < 300) this.acknowledged.push(nameOf(one));
    return result;
  }

  /** Answers what waits. */
  release(result: SendResult = OK, count = this.waiting.length): void {
    for (const resolve of this.waiting.splice(0, count)) resolve(result);
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.release({ kind: 'aborted' });
    return Promise.resolve();
  }
}

interface Made {
  readonly endpoint: Endpoint;
  readonly sender: FakeSender;
  readonly clock: VirtualClock;
  readonly queue: RetryQueue;
  readonly losses: LossCounts;
  readonly log: HeardLog;
  readonly folder: string;
  /** Lets time pass, and all that is done in it be done. */
  pass(ms: number): Promise<void>;
  submit(...names: string[]): void;
}

function make(options: Partial<EndpointOptions> & { bytesMax?: number; diskBytes?: number } = {}): Made {
  const { bytesMax = 1_000_000, diskBytes = 0, ...rest } = options;
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const losses = new LossCounts();
  const log = new HeardLog();
  const sender = new FakeSender();
  const folder = mkdtempSync(join(tmpdir(), 'whippet-endpoint-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const about = { clock, random, losses, log };
  const store =
    diskBytes > 0
      ? new RetryStore({
          folder,
          bytesMax: diskBytes,
          diskRatioMax: 1,
          ageMaxMs: 10 * 24 * HOUR_MS,
          ...about,
        })
      : undefined;
  const queue = new RetryQueue({ bytesMax, spillRatio: 0.5, store, ...about });
  const endpoint = new Endpoint({
    name: 'https://intake.test',
    sender,
    queue,
    backoff: DEFAULT_BACKOFF,
    requestsMax: 10,
    highMax: 100,
    lowMax: 100,
    newBytesMax: bytesMax,
    ...about,
    ...rest,
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await queue.settled();
      if (sender.answer !== 'later') await endpoint.idle();
      await nextTurn();
    }
  };
  endpoint.start();
  return {
    endpoint,
    sender,
    clock,
    queue,
    losses,
    log,
    folder,
    pass: (ms) => clock.advance(ms, settle),
    submit(...names) {
      for (const name of names) endpoint.submit(transaction(name, { createdAt: clock.now() }));
    },
  };
}

describe('what an endpoint makes of an answer', () => {
  it.each([200, 202, 204])('%d is delivered', async (status) => {
    const { endpoint, sender, submit } = make();
    sender.answer = { kind: 'answered', status };
    submit('a');
    await endpoint.idle();
    expect(endpoint.status).toMatchObject({
      state: 'unblocked',
      queue: { payloads: 0 },
      counts: { delivered: { series: { payloads: 1, items: 1 } }, requests: { [status]: 1 } },
      losses: [],
    });
  });

  it.each([400, 403, 413])('%d is lost and counted, and blocks nothing', async (status) => {
    const { endpoint, sender, losses, submit } = make();
    sender.answer = { kind: 'answered', status };
    submit('a', 'b');
    await endpoint.idle();
    expect(sender.sent).toEqual(['a', 'b']);
    expect(losses.list()).toMatchObject([{ reason: 'refused', kind: 'series', payloads: 2 }]);
    expect(endpoint.status).toMatchObject({ state: 'unblocked', queue: { payloads: 0 } });
  });

  it.each([300, 302, 401, 404, 408, 429, 500, 502, 503])('%d is kept and sent again', async (status) => {
    const { endpoint, sender, pass, submit, losses } = make();
    sender.answer = { kind: 'answered', status };
    submit('a');
    await endpoint.idle();
    expect(endpoint.status).toMatchObject({ state: 'blocked', queue: { payloads: 1 } });
    sender.answer = OK;
    await pass(10_000);
    expect(sender.acknowledged).toEqual(['a']);
    expect(losses.list()).toEqual([]);
  });

  it('no answer is kept and sent again', async () => {
    const { endpoint, sender, pass, submit } = make();
    sender.answer = { kind: 'failed', error: 'connection refused' };
    submit('a');
    await endpoint.idle();
    expect(endpoint.status.lastError?.text).toBe('/api/v2/series: connection refused');
    sender.answer = OK;
    await pass(10_000);
    expect(sender.acknowledged).toEqual(['a']);
  });

  it('Retry-After is kept to, within five minutes', async () => {
    const { endpoint, sender, pass, submit, clock } = make();
    sender.answer = { kind: 'answered', status: 429, retryAfterMs: 60_000 };
    submit('a');
    await endpoint.idle();
    sender.answer = { kind: 'answered', status: 429, retryAfterMs: 86_400_000 };
    await pass(55_000);
    expect(sender.sent).toHaveLength(1);
    await pass(10_000);
    expect(sender.sent).toHaveLength(2);
    expect(endpoint.status.targets[0]?.retryAt).toBeLessThanOrEqual(clock.now() + 300_000);
  });
});

describe('the order', () => {
  it('sends old data newest first, and what is new by then before all of it', async () => {
    const { endpoint, sender, pass, submit, clock } = make({ requestsMax: 1 });
    sender.answer = BROKEN;
    for (const name of ['old1', 'old2', 'old3']) {
      submit(name);
      await endpoint.idle();
      await clock.advance(100);
    }
    // The pass finds out with the newest one; while the next is under way there is something new.
    sender.answer = 'later';
    await pass(5000);
    sender.release();
    await nextTurn();
    submit('new');
    for (let i = 0; i < 4; i++) {
      sender.release();
      await nextTurn();
    }
    expect(sender.acknowledged).toEqual(['old3', 'old2', 'new', 'old1']);
  });

  it('sends what has high priority before what is newer', async () => {
    const { endpoint, sender, pass, clock } = make({ requestsMax: 1 });
    sender.answer = BROKEN;
    endpoint.submit(transaction('first', { createdAt: clock.now() }));
    endpoint.submit(transaction('high', { createdAt: clock.now() + 1, priority: 'high' }));
    endpoint.submit(transaction('normal', { createdAt: clock.now() + 2 }));
    await endpoint.idle();
    sender.answer = OK;
    await pass(30_000);
    expect(sender.acknowledged).toEqual(['high', 'normal', 'first']);
  });

  it('gives old data one request in ten, however much is new', async () => {
    const { endpoint, sender, queue, clock } = make({ requestsMax: 1 });
    for (let i = 0; i < 5; i++) queue.add(transaction(`old${i}`, { createdAt: clock.now() + i }));
    sender.answer = 'later';
    endpoint.submit(transaction('new'));
    for (let i = 0; i < 99; i++) endpoint.submit(transaction('new'));
    await endpoint.pass();
    for (let i = 0; i < 50; i++) {
      sender.release();
      await nextTurn();
    }
    const turns = sender.sent.flatMap((name, i) => (name.startsWith('old') ? [i] : []));
    expect(turns).toEqual([9, 19, 29, 39, 49]);
    expect(turns.map((i) => sender.sent[i])).toEqual(['old4', 'old3', 'old2', 'old1', 'old0']);
  });

  it('has no more requests under way than allowed', async () => {
    const { endpoint, sender } = make({ requestsMax: 3 });
    sender.answer = 'later';
    for (let i = 0; i < 20; i++) endpoint.submit(transaction(`t${i}`));
    for (let i = 0; i < 20; i++) {
      sender.release(OK, 1);
      await nextTurn();
    }
    expect(sender.underWayMax).toBe(3);
    expect(sender.acknowledged).toHaveLength(20);
  });

  it('keeps what is new and has no place in the retry queue', async () => {
    const { endpoint, sender, queue } = make({ requestsMax: 1, highMax: 2 });
    sender.answer = 'later';
    for (let i = 0; i < 6; i++) endpoint.submit(transaction(`t${i}`));
    expect(queue.size).toBe(3);
    expect(endpoint.status.queue).toMatchObject({ new: 2, retry: 3, underWay: 1, payloads: 6 });
  });
});

describe('an endpoint that is down', () => {
  it('is left alone but for one request at a time, ever more rarely', async () => {
    const { endpoint, sender, pass, submit } = make();
    sender.answer = BROKEN;
    for (let i = 0; i < 60; i++) {
      submit(`t${i}`);
      await pass(10_000);
    }
    // Ten minutes: pauses of 4, 8, 16, 32, 64 seconds, then one request in 65 or 70 seconds.
    expect(sender.sent.length).toBeLessThan(16);
    expect(sender.sent.length).toBeGreaterThan(10);
    expect(endpoint.status).toMatchObject({ state: 'blocked', queue: { payloads: 60 } });
  });

  it('blocks one route and not the others', async () => {
    const { endpoint, sender, clock } = make();
    sender.answer = BROKEN;
    endpoint.submit(transaction('a', { route: '/api/beta/sketches' }));
    await endpoint.idle();
    sender.answer = OK;
    endpoint.submit(transaction('b', { createdAt: clock.now() }));
    await endpoint.idle();
    expect(sender.acknowledged).toEqual(['b']);
    expect(endpoint.status.targets.map(({ route, state }) => [route, state])).toEqual([
      ['/api/beta/sketches', 'blocked'],
      ['/api/v2/series', 'unblocked'],
    ]);
  });

  it('is told of once when it goes down and once when it is back', async () => {
    const { sender, pass, submit, log, endpoint } = make();
    sender.answer = BROKEN;
    for (let i = 0; i < 10; i++) {
      submit(`t${i}`);
      await pass(10_000);
    }
    expect(endpoint.status.downSince).toBeDefined();
    sender.answer = OK;
    await pass(200_000);
    expect(log.sentences).toEqual([
      'an endpoint is not accepting data; keeping the data and retrying',
      'an endpoint is accepting data again',
    ]);
    expect(log.lines[0]?.fields).toMatchObject({
      endpoint: 'https://intake.test',
      error: '/api/v2/series: status 503',
    });
    expect(log.lines[1]?.fields).toMatchObject({ lostItems: 0 });
    expect(Number(log.lines[1]?.fields.seconds)).toBeGreaterThan(90);
    expect(endpoint.status.downSince).toBeUndefined();
  });

  it('that flaps is told of once a minute', async () => {
    const { endpoint, sender, pass, submit, log } = make();
    for (let i = 0; i < 30; i++) {
      sender.answer = BROKEN;
      submit(`t${i}`);
      await endpoint.idle();
      sender.answer = OK;
      await pass(10_000);
    }
    expect(sender.acknowledged).toHaveLength(30);
    const downs = log.lines.filter(({ level }) => level === 'warn');
    expect(downs.length).toBeLessThanOrEqual(6);
    expect(downs.some(({ fields }) => Number(fields.shortOutagesBefore) > 0)).toBe(true);
    expect(log.lines.filter(({ level }) => level === 'info')).toHaveLength(downs.length);
  });

  it('gives up what nobody is there for any more', async () => {
    let isWanted = true;
    const { sender, pass, submit, losses, endpoint } = make({ isWanted: () => isWanted });
    sender.answer = BROKEN;
    submit('a');
    await endpoint.idle();
    isWanted = false;
    sender.answer = OK;
    await pass(10_000);
    expect(sender.acknowledged).toEqual([]);
    expect(losses.list()).toMatchObject([{ reason: 'no_destination', payloads: 1 }]);
  });
});

describe('a day without the endpoint', () => {
  const MEMORY = 256 * 1024;
  const DISK = 2 * 1024 * 1024;
  const PAYLOAD = 4096;

  it('keeps memory and disk within their limits, then drains newest first and accounts for everything', async () => {
    const made = make({ bytesMax: MEMORY, diskBytes: DISK, requestsMax: 1 });
    const { endpoint, sender, clock, losses, folder, pass } = made;
    sender.answer = { kind: 'failed', error: 'connection refused' };
    const flushes = 24 * 360;
    let bytesMax = 0;
    let diskMax = 0;
    for (let i = 0; i < flushes; i++) {
      endpoint.submit(transaction(`flush ${i}`, { bytes: PAYLOAD, createdAt: clock.now() }));
      await pass(10_000);
      bytesMax = Math.max(bytesMax, endpoint.status.queue.bytes);
      if (i % 100 === 0) diskMax = Math.max(diskMax, sizeOf(folder));
    }
    expect(bytesMax).toBeLessThanOrEqual(MEMORY * 1.5 + 2 * PAYLOAD);
    expect(diskMax).toBeLessThanOrEqual(DISK);
    expect(diskMax).toBeGreaterThan(DISK / 2);
    expect(endpoint.status.counts.failures).toBeLessThan(1500);

    sender.answer = OK;
    const before = sender.acknowledged.length;
    await pass(HOUR_MS);
    const drained = sender.acknowledged.slice(before).map((name) => Number(name.split(' ')[1]));
    // The first ones find out whether it works; then everything comes, the newest first.
    expect(drained[0]).toBe(flushes - 1);
    const order = drained.slice(5);
    expect(order).toEqual([...order].sort((a, b) => b - a));
    expect(new Set(drained).size).toBe(drained.length);
    expect(losses.total.payloads + drained.length).toBe(flushes);
    expect(imbalanceOf(endpointTotals(endpoint.status))).toBe(0);
    expect(new Set(losses.list().map(({ reason }) => reason))).toEqual(new Set(['disk_full']));
    expect(drained.length * PAYLOAD).toBeGreaterThan(DISK * 0.8);
    expect(endpoint.status).toMatchObject({
      state: 'unblocked',
      queue: { payloads: 0 },
      disk: { files: 0, payloads: 0 },
    });
    expect(readdirSync(folder).filter((name) => name !== 'lock')).toEqual([]);
  });
});

/** Stops within `sendMs` for sending, and a second more for the disk. */
function stopWithin({ endpoint, clock }: Made, sendMs: number): ReturnType<Endpoint['stop']> {
  return endpoint.stop(new Deadline(sendMs, clock), new Deadline(sendMs + 1000, clock));
}

describe('a stop', () => {
  it('ends pauses: sends what waits at once, however long the receiver had asked to be left alone', async () => {
    const made = make();
    const { endpoint, sender, submit, losses, clock } = made;
    sender.answer = { kind: 'answered', status: 429, retryAfterMs: 300_000 };
    submit('old');
    await endpoint.idle();
    await clock.advance(1);
    sender.answer = OK;
    submit('new');
    expect(await stopWithin(made, 2000)).toMatchObject({ kept: { payloads: 0 }, lost: { payloads: 0 } });
    expect(sender.acknowledged).toEqual(['new', 'old']);
    expect(losses.list()).toEqual([]);
    expect(sender.isClosed).toBe(true);
  });

  it('tries again until the deadline, and opens the way at the first success', async () => {
    const made = make();
    const { endpoint, sender, submit, losses, pass } = made;
    sender.answer = BROKEN;
    for (let i = 0; i < 20; i++) submit(`t${i}`);
    await endpoint.idle();
    const stopped = stopWithin(made, 5000);
    await pass(3000);
    expect(sender.acknowledged).toEqual([]);
    sender.answer = OK;
    await pass(1100);
    expect(await stopped).toMatchObject({ lost: { payloads: 0 } });
    expect([...sender.acknowledged].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `t${i}`).sort());
    expect(losses.list()).toEqual([]);
  });

  it('keeps on disk what is left at the deadline, and says how much', async () => {
    const made = make({ diskBytes: 1_000_000 });
    const { sender, submit, losses, folder, pass } = made;
    sender.answer = BROKEN;
    submit('old', 'new');
    const stopped = stopWithin(made, 2000);
    await pass(2000);
    expect(await stopped).toMatchObject({ kept: { payloads: 2, items: 2 }, lost: { payloads: 0 } });
    expect(losses.list()).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('counts as lost what is left at the deadline without a disk', async () => {
    const made = make();
    const { endpoint, sender, submit, losses, pass } = made;
    sender.answer = BROKEN;
    submit('a', 'b');
    const stopped = stopWithin(made, 2000);
    await pass(2000);
    expect(await stopped).toMatchObject({ kept: { payloads: 0 }, lost: { payloads: 2 } });
    expect(losses.list()).toMatchObject([{ reason: 'stopped', payloads: 2, items: 2 }]);
    submit('too late');
    expect(losses.total.payloads).toBe(3);
    expect(imbalanceOf(endpointTotals(endpoint.status))).toBe(0);
  });

  it('waits for what is under way, no longer than it may', async () => {
    const made = make({ requestsMax: 1 });
    const { sender, submit, clock } = made;
    sender.answer = 'later';
    submit('a', 'b');
    const stopped = stopWithin(made, 2000);
    await nextTurn();
    sender.release();
    await nextTurn();
    await clock.advance(2000);
    expect(await stopped).toMatchObject({ lost: { payloads: 1 } });
    expect(sender.acknowledged).toEqual(['a']);
    expect(sender.sent).toEqual(['a', 'b']);
  });

  it('sends nothing more when it may not wait, and counts what is lost', async () => {
    const made = make({ requestsMax: 1 });
    const { sender, submit, losses } = made;
    sender.answer = 'later';
    submit('a', 'b');
    expect(await stopWithin(made, 0)).toMatchObject({ lost: { payloads: 2 } });
    expect(losses.list()).toMatchObject([{ reason: 'stopped', payloads: 2, items: 2 }]);
  });

  it('what was put on disk is delivered by the next process, once', async () => {
    const first = make({ diskBytes: 1_000_000 });
    first.sender.answer = BROKEN;
    first.submit('a', 'b', 'c');
    await stopWithin(first, 0);
    const { clock, losses, log } = first;
    const about = { clock, losses, log, random: seededRandom(2) };
    const store = new RetryStore({
      folder: first.folder,
      bytesMax: 1e6,
      diskRatioMax: 1,
      ageMaxMs: HOUR_MS,
      ...about,
    });
    await store.open();
    const queue = new RetryQueue({ bytesMax: 1e6, spillRatio: 0.5, store, ...about });
    const sender = new FakeSender();
    const limits = { requestsMax: 10, highMax: 100, lowMax: 100, newBytesMax: 1e6 };
    const endpoint = new Endpoint({
      name: 'x',
      sender,
      queue,
      backoff: DEFAULT_BACKOFF,
      ...limits,
      ...about,
    });
    await endpoint.pass();
    await endpoint.idle();
    await queue.settled();
    expect(sender.acknowledged.sort()).toEqual(['a', 'b', 'c']);
    expect(store.status).toMatchObject({ files: 0, payloads: 0 });
    await endpoint.stop(new Deadline(0, clock), new Deadline(1000, clock));
  });
});

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (name === 'lock' ? 0 : statSync(join(folder, name)).size),
    0,
  );
}
