/** A delivery in order with a clock that stands still, for tests of what is delivered through it. */
import { expect } from 'vitest';
import type { Courier } from '../../src/outputs/ordered/courier.ts';
import type { HttpSettings } from '../../src/outputs/ordered/http-post.ts';
import { OrderedDelivery } from '../../src/outputs/ordered/ordered-delivery.ts';
import type { Transaction } from '../../src/outputs/retry-queue/transaction.ts';
import { imbalanceOf } from '../../src/telemetry/ledger/ledger.ts';
import { HeardLog } from './decode/transactions.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Longer than any pause. */
const PAUSE_MS = 64_000;

export class OrderedBench {
  readonly log = new HeardLog();
  readonly clock: VirtualClock;
  readonly delivery: OrderedDelivery;

  constructor(courier: Courier, now: number, bytesMax = 10_000_000) {
    this.clock = new VirtualClock(now);
    this.delivery = new OrderedDelivery({
      output: 'test',
      endpoint: 'receiver',
      identity: 'receiver',
      courier,
      queue: { bytesMax, storage: undefined },
      log: this.log,
      clock: this.clock,
      random: () => 0.5,
    });
  }

  async start(): Promise<void> {
    await this.delivery.start();
  }

  /** Gives a request of text with so many items to the delivery, and waits until nothing is under way. */
  async deliver(text: string, items = 1): Promise<void> {
    this.delivery.submit((createdAt) => transaction(text, items, createdAt));
    await this.delivery.idle();
  }

  /** Lets the pauses of so many failures pass. */
  async pass(failures = 1): Promise<void> {
    for (let i = 0; i < failures; i++) {
      await this.clock.advance(PAUSE_MS);
      await this.delivery.idle();
    }
  }

  get losses(): (readonly [reason: string, items: number])[] {
    return this.delivery.status.losses.map(({ reason, items }) => [reason, items] as const);
  }

  get held(): number {
    return this.delivery.status.queue.items;
  }

  get error(): string {
    return this.delivery.status.lastError?.text ?? '';
  }

  expectBalance(): void {
    for (const totals of this.delivery.totals()) expect(imbalanceOf(totals), totals.unit).toBe(0);
  }
}

function transaction(text: string, items: number, createdAt: number): Transaction {
  return {
    ...{ kind: 'test', route: '/', destination: '', priority: 'normal', createdAt, headers: {} },
    ...{ body: Buffer.from(text), itemCount: items, pointCount: items, errors: 0 },
  };
}

/** Settings of a post to `url`. */
export function postSettings(url: string, timeoutMs = 5000, some: Partial<HttpSettings> = {}): HttpSettings {
  return {
    url,
    timeoutMs,
    credentials: {
      username: '',
      password: '',
      passwordFile: '',
      bearerToken: '',
      bearerTokenFile: '',
      headers: {},
    },
    tls: { skipVerify: false, minVersion: 'TLSv1.2', caFile: '' },
    proxy: { http: '', https: '', noProxy: [], nonexact: false },
    userAgent: 'whippet/test',
    ...some,
  };
}
