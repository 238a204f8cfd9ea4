import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregate, Contexts, checkOf, eventOf } from '../../../test/support/decode/aggregates.ts';
import { HttpReceiver } from '../../../test/support/fakes/http-receiver.ts';
import { OrderedBench, postSettings } from '../../../test/support/ordered-bench.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { HttpCourier } from '../ordered/http-courier.ts';
import { HttpPost } from '../ordered/http-post.ts';
import { webhookHeaders } from './signature.ts';
import { WebhookOutput, type WebhookSettings } from './webhook-output.ts';

const T = 1_700_000_000;
let receiver: HttpReceiver;
let url: string;
let output: WebhookOutput | undefined;
beforeEach(async () => {
  receiver = new HttpReceiver();
  url = await receiver.start();
});
afterEach(async () => {
  await output?.close(0);
  await receiver.close();
});

async function open(some: Partial<WebhookSettings> = {}, secret = '') {
  const post = new HttpPost(postSettings(`${url}/hook`), systemClock);
  const courier = new HttpCourier({ post, headers: (one) => webhookHeaders(one, secret), takesPages: true });
  const bench = new OrderedBench(courier, T * 1000);
  const settings: WebhookSettings = { events: true, serviceChecks: 'changes', ...some };
  const made = new WebhookOutput({ name: 'webhook', settings, clock: bench.clock, delivery: bench.delivery });
  output = made;
  await bench.start();
  /** Lets the time pass in which things are gathered. */
  const gather = async (): Promise<void> => {
    await bench.clock.advance(500);
    await bench.delivery.idle();
  };
  return { bench, output: made, gather };
}

const bodies = () =>
  receiver.requests.map(
    ({ text }) =>
      JSON.parse(text) as {
        events: { title: string }[];
        service_checks: { check: string; status: number }[];
      },
  );

describe('a webhook', () => {
  it('gets events and checks that come together in one request', async () => {
    const { bench, output: webhook, gather } = await open();
    webhook.event(eventOf('deploy', { text: 'v2', tags: ['env:prod'], alertType: 'error' }), T);
    webhook.serviceCheck(checkOf('db.up', { status: 2, message: 'refused' }), T);
    await gather();
    expect(bodies()).toEqual([
      {
        events: [
          {
            ...{
              kind: 'event',
              title: 'deploy',
              text: 'v2',
              timestamp: T,
              host: 'server',
              tags: ['env:prod'],
            },
            ...{ priority: 'normal', alert_type: 'error', aggregation_key: '', source_type: '' },
          },
        ],
        service_checks: [
          {
            kind: 'service_check',
            check: 'db.up',
            status: 2,
            timestamp: T,
            host: 'server',
            tags: [],
            message: 'refused',
          },
        ],
      },
    ]);
    expect(receiver.requests[0]?.headers['content-type']).toBe('application/json');
    bench.expectBalance();
  });

  it('is signed with the secret, and each attempt has the same name', async () => {
    const { bench, output: webhook, gather } = await open({}, 'hush');
    receiver.answer = () => ({ status: receiver.requests.length === 1 ? 503 : 200 });
    webhook.event(eventOf('deploy'), T);
    await gather();
    await bench.pass();
    const [first, second] = receiver.requests;
    const want = createHmac('sha256', 'hush')
      .update(first?.text ?? '')
      .digest('hex');
    expect(first?.headers['x-whippet-signature-256']).toBe(`sha256=${want}`);
    expect(first?.headers['x-whippet-delivery']).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.headers['x-whippet-delivery']).toBe(first?.headers['x-whippet-delivery']);
  });

  it('has no signature without a secret', async () => {
    const { output: webhook, gather } = await open();
    webhook.event(eventOf('deploy'), T);
    await gather();
    expect(receiver.requests[0]?.headers).not.toHaveProperty('x-whippet-signature-256');
  });

  it.each<[WebhookSettings['serviceChecks'], number[]]>([
    ['changes', [0, 2, 0]],
    ['all', [0, 0, 2, 2, 0]],
    ['none', []],
  ])('of checks sends %s', async (serviceChecks, want) => {
    const { output: webhook, gather } = await open({ serviceChecks });
    for (const status of [0, 0, 2, 2, 0] as const)
      webhook.serviceCheck(checkOf('up', { status, tags: ['b', 'a'] }), T);
    await gather();
    expect(bodies().flatMap(({ service_checks }) => service_checks.map(({ status }) => status))).toEqual(
      want,
    );
    expect(webhook.outcomes().filtered).toMatchObject({ service_check: 5 - want.length });
  });

  it('splits many events into several requests, and loses none', async () => {
    const { bench, output: webhook, gather } = await open();
    for (let i = 0; i < 250; i++) webhook.event(eventOf(`e${i}`), T);
    await gather();
    expect(bodies().map(({ events }) => events.length)).toEqual([100, 100, 50]);
    expect(bodies().flatMap(({ events }) => events.map(({ title }) => title))).toEqual(
      Array.from({ length: 250 }, (_, i) => `e${i}`),
    );
    bench.expectBalance();
  });

  it('has no use for metrics, and counts them', async () => {
    const { output: webhook, gather } = await open({ events: false });
    webhook.write([aggregate(new Contexts().create('a', 'gauge'), { kind: 'gauge', value: 1 })]);
    webhook.event(eventOf('deploy'), T);
    await gather();
    expect(receiver.requests).toEqual([]);
    expect(webhook.outcomes().filtered).toEqual({ metric: 1, event: 1, service_check: 0 });
  });

  it('sends what it has gathered when it is closed', async () => {
    const { bench, output: webhook } = await open();
    webhook.event(eventOf('last words'), T);
    const closing = webhook.close(2000);
    await closing;
    expect(bodies().flatMap(({ events }) => events.map(({ title }) => title))).toEqual(['last words']);
    bench.expectBalance();
  });
});
