/**
 * Each payload is in one place at every step, whatever fails: submitted + found = delivered + lost + memory + disk, looked
 * at in every turn of the event loop, at every request and at every line of the log.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeardLog, nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { seededRandom } from '../../../test/support/packets.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import { imbalanceOf } from '../../telemetry/ledger/ledger.ts';
import { LossCounts } from '../retry-queue/loss-counts.ts';
import { RetryQueue } from '../retry-queue/retry-queue.ts';
import { RetryStore } from '../retry-queue/retry-store.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { writeWhole } from '../retry-queue/write-file.ts';
import { DEFAULT_BACKOFF } from './backoff.ts';
import { Endpoint } from './endpoint.ts';
import { endpointTotals } from './endpoint-totals.ts';
import type { Sender, SendResult } from './send-result.ts';

const STEPS = [
  'submit',
  'submit',
  'pass',
  'works',
  'fails',
  'refuses',
  'no answer',
  'disk fails',
  'disk works',
  'remove a file',
  'damage a file',
  'remove the folder',
] as const;
type Step = (typeof STEPS)[number];

const ANSWERS: Readonly<Partial<Record<Step, SendResult>>> = {
  works: { kind: 'answered', status: 202 },
  fails: { kind: 'answered', status: 503 },
  refuses: { kind: 'answered', status: 400 },
  'no answer': { kind: 'failed', error: 'connect ECONNREFUSED' },
};

/** An endpoint on a real folder, looked at whenever anything happens. */
class Watched {
  readonly folder = mkdtempSync(join(tmpdir(), 'whippet-place-'));
  readonly clock = new VirtualClock();
  readonly acknowledged: string[] = [];
  looks = 0;
  private answer: SendResult = { kind: 'answered', status: 202 };
  private diskWorks = true;
  private made = 0;
  private readonly queue: RetryQueue;
  private readonly endpoint: Endpoint;
  private isOver = false;
  private failure: unknown;

  constructor(found: readonly Transaction[] | undefined) {
    const log = new HeardLog();
    const look = (): void => this.look();
    const watched = (level: 'info' | 'warn' | 'error') => (fields: object, text: string) => {
      look();
      log[level](fields, text);
    };
    const watchedLog = {
      info: watched('info'),
      warn: watched('warn'),
      error: watched('error'),
    };
    const about = { clock: this.clock, losses: new LossCounts(), log: watchedLog, random: seededRandom(1) };
    const store = new RetryStore({
      folder: join(this.folder, 'queue'),
      bytesMax: 12_000,
      diskRatioMax: 1,
      ageMaxMs: 1e12,
      writeFile: (...args) =>
        this.diskWorks ? writeWhole(...args) : nextTurn().then(() => Promise.reject(new Error('ENOSPC'))),
      ...about,
    });
    this.queue = new RetryQueue({ bytesMax: 6000, spillRatio: 0.5, store, ...about });
    const sender: Sender = {
      send: async (one) => {
        look();
        await nextTurn();
        const answer = this.isOver ? ({ kind: 'aborted' } as const) : this.answer;
        if (answer.kind === 'answered' && answer.status === 202) this.acknowledged.push(nameOf(one));
        return answer;
      },
      close: () => Promise.resolve(),
    };
    this.endpoint = new Endpoint({
      name: 'x',
      sender,
      queue: this.queue,
      backoff: DEFAULT_BACKOFF,
      requestsMax: 3,
      highMax: 4,
      lowMax: 4,
      newBytesMax: 4000,
      ...about,
    });
    void this.watch();
    if (found !== undefined) void store.open();
  }

  /** Throws later, in check(): callbacks of the code under test must not be disturbed. */
  look(): void {
    if (this.endpoint === undefined) return;
    this.looks++;
    try {
      const { queue, disk } = this.endpoint.status;
      expect(imbalanceOf(endpointTotals(this.endpoint.status))).toBe(0);
      for (const count of [queue.payloads, queue.items, disk?.payloads ?? 0, disk?.items ?? 0])
        expect(count).toBeGreaterThanOrEqual(0);
    } catch (error) {
      this.failure ??= error;
    }
  }

  async take(step: Step): Promise<void> {
    const answer = ANSWERS[step];
    if (answer !== undefined) this.answer = answer;
    else if (step === 'submit') this.submit();
    else if (step === 'disk fails' || step === 'disk works') this.diskWorks = step === 'disk works';
    else if (step === 'pass') await this.clock.advance(5000, () => this.endpoint.pass());
    else this.harm(step);
    for (let i = 0; i < 4; i++) await nextTurn();
    await this.endpoint.pass();
    this.check();
  }

  async end(): Promise<void> {
    const stopped = this.endpoint.stop(new Deadline(500, this.clock), new Deadline(3000));
    await this.clock.advance(500, async () => {
      for (let i = 0; i < 20; i++) await nextTurn();
    });
    await stopped;
    this.look();
    this.isOver = true;
    this.check();
    rmSync(this.folder, { recursive: true, force: true });
  }

  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private submit(): void {
    for (let i = 0; i < 3; i++) {
      const priority = this.made % 5 === 0 ? 'high' : 'normal';
      const createdAt = this.clock.now();
      this.endpoint.submit(transaction(`t${this.made++}`, { bytes: 900, createdAt, priority }));
      this.look();
    }
  }

  private harm(step: Step): void {
    const queue = join(this.folder, 'queue');
    if (step === 'remove the folder') {
      rmSync(queue, { recursive: true, force: true });
      return;
    }
    let names: string[] = [];
    try {
      names = readdirSync(queue).filter((name) => name.endsWith('.retry'));
    } catch {
      // There is no folder.
    }
    const [name] = names;
    if (name === undefined) return;
    if (step === 'remove a file') rmSync(join(queue, name));
    else writeFileSync(join(queue, name), 'WHPQ and then something else');
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      this.look();
      await nextTurn();
    }
  }
}

it('each payload is in one place at every step of every fault', { timeout: 60_000 }, async () => {
  let looks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 25 }), async (steps) => {
      const watched = new Watched(undefined);
      try {
        for (const step of steps) await watched.take(step);
      } finally {
        await watched.end();
      }
      looks += watched.looks;
      expect(new Set(watched.acknowledged).size).toBe(watched.acknowledged.length);
    }),
    { numRuns: 40 },
  );
  expect(looks).toBeGreaterThan(1000);
});
