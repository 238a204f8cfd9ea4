import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpReceiver, type HttpReply } from '../../../test/support/fakes/http-receiver.ts';
import { OrderedBench, postSettings } from '../../../test/support/ordered-bench.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { HttpCourier, type HttpCourierOptions } from './http-courier.ts';
import { HttpPost } from './http-post.ts';

/** A request of words, which is taken apart into them. */
const words = {
  of: ({ body }: Transaction) => Buffer.from(body).toString().split(' '),
  pack: (transaction: Transaction, some: readonly string[]): Transaction => ({
    ...transaction,
    body: Buffer.from(some.join(' ')),
    itemCount: some.length,
    pointCount: some.length,
  }),
};

let receiver: HttpReceiver;
let url: string;
let bench: OrderedBench | undefined;
beforeEach(async () => {
  receiver = new HttpReceiver();
  url = await receiver.start();
});
afterEach(async () => {
  await bench?.delivery.close(0);
  await receiver.close();
});

async function open(some: Partial<HttpCourierOptions<string>> = {}, timeoutMs = 5000): Promise<OrderedBench> {
  const post = new HttpPost(postSettings(`${url}/in?a=1`, timeoutMs), systemClock);
  const courier = new HttpCourier<string>({
    post,
    headers: () => ({ 'x-own': '1' }),
    takesPages: false,
    ...some,
  });
  bench = new OrderedBench(courier, 1_700_000_000_000);
  await bench.start();
  return bench;
}

/** Answers with each of these in turn, then with the last one. */
const inTurn = (...replies: readonly HttpReply[]) => {
  let i = 0;
  return () => replies[Math.min(i++, replies.length - 1)] as HttpReply;
};

describe('a courier over HTTP', () => {
  it('delivers with its own headers to the whole URL', async () => {
    const { delivery } = await open();
    await bench?.deliver('a b', 2);
    expect(receiver.requests).toMatchObject([{ url: '/in?a=1', text: 'a b', headers: { 'x-own': '1' } }]);
    expect(delivery.status.counts.delivered.test?.items).toBe(2);
    bench?.expectBalance();
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('%i is tried again', async (status) => {
    const { losses } = await open();
    receiver.answer = inTurn({ status }, { status: 200 });
    await bench?.deliver('a');
    expect(bench?.held).toBe(1);
    await bench?.pass();
    expect([bench?.held, receiver.requests.length, losses]).toEqual([0, 2, []]);
    bench?.expectBalance();
  });

  it.each<[string, HttpReply]>([
    ['hangs', { hangs: true }],
    ['cuts', { cuts: true }],
  ])('a receiver that %s is tried again, and nothing overtakes', async (_, bad) => {
    await open({}, 150);
    receiver.answer = inTurn(bad, bad, { status: 200 });
    await bench?.deliver('first');
    await bench?.deliver('second');
    await bench?.pass(3);
    expect(receiver.requests.map(({ text }) => text)).toEqual(['first', 'first', 'first', 'second']);
    expect(bench?.losses).toEqual([]);
    bench?.expectBalance();
  });

  it.each([301, 302, 307, 401, 403, 404, 405, 407])('%i waits for the configuration', async (status) => {
    const { delivery } = await open();
    receiver.answer = inTurn({ status, headers: { location: 'http://else.where/' } }, { status: 200 });
    await bench?.deliver('a');
    expect(delivery.health().healthy).toBe(false);
    if (status < 400) expect(bench?.error).toContain('redirects to http://else.where/');
    await bench?.pass();
    expect([delivery.health().healthy, bench?.losses]).toEqual([true, []]);
    bench?.expectBalance();
  });

  it.each([400, 409, 410, 413, 422])('%i is refused', async (status) => {
    await open();
    receiver.answer = inTurn({ status, body: 'no\u001b[1m\nway' });
    await bench?.deliver('a b', 2);
    expect([bench?.losses, bench?.error]).toEqual([[['refused', 2]], `status ${status}: no [1m way`]);
    bench?.expectBalance();
  });

  it('one request that always makes the receiver fail is given up, and the next one goes through', async () => {
    await open();
    receiver.answer = ({ text }) => ({ status: text === 'poison' ? 500 : 200 });
    await bench?.deliver('poison');
    await bench?.deliver('good');
    await bench?.pass(10);
    expect(bench?.losses).toEqual([['refused', 1]]);
    expect(receiver.requests.filter(({ text }) => text === 'poison')).toHaveLength(10);
    expect(receiver.requests.at(-1)?.text).toBe('good');
    bench?.expectBalance();
  });

  it('a web page with status 200 is no answer, where none is expected', async () => {
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' };
    const { delivery } = await open();
    receiver.answer = inTurn(page);
    await bench?.deliver('a');
    expect([delivery.health().healthy, bench?.held]).toEqual([false, 1]);
    await delivery.close(0);
    await open({ takesPages: true });
    await bench?.deliver('a');
    expect(bench?.held).toBe(0);
  });

  it.each([400, 413])('%i to many is halved until only the bad one is refused', async (status) => {
    await open({ parts: words });
    receiver.answer = ({ text }) => ({ status: text.split(' ').includes('bad') ? status : 204 });
    await bench?.deliver('a b c bad d e f g', 8);
    expect(bench?.losses).toEqual([['refused', 1]]);
    expect(bench?.delivery.status.counts.delivered.test?.items).toBe(7);
    expect(receiver.requests.length).toBeLessThan(9);
    bench?.expectBalance();
  });

  it('halves that meet a failure are sent again without what was taken', async () => {
    await open({ parts: words });
    let downs = 1;
    receiver.answer = ({ text }) => {
      if (text.split(' ').length > 2) return { status: 413 };
      return { status: text === 'c d' && downs-- > 0 ? 503 : 204 };
    };
    await bench?.deliver('a b c d', 4);
    await bench?.pass();
    expect(receiver.requests.map(({ text }) => text)).toEqual(['a b c d', 'a b', 'c d', 'c d']);
    expect(bench?.losses).toEqual([]);
    bench?.expectBalance();
  });

  it('a request that is mostly bad is given up after a limit', async () => {
    await open({ parts: words });
    receiver.answer = () => ({ status: 400 });
    const many = Array.from({ length: 2000 }, (_, i) => `w${i}`);
    await bench?.deliver(many.join(' '), many.length);
    expect(bench?.losses).toEqual([['refused', 2000]]);
    expect(receiver.requests.length).toBeLessThan(600);
    bench?.expectBalance();
  });

  it('what a receiver says it dropped is counted', async () => {
    await open({ droppedOf: () => 3 });
    receiver.answer = () => ({ status: 400, body: 'dropped=3' });
    await bench?.deliver('a b c d', 4);
    expect(bench?.losses).toEqual([['refused', 3]]);
    bench?.expectBalance();
  });

  it('a secret that cannot be read is a fault of the configuration', async () => {
    const { delivery } = await open({
      headers: () => {
        throw new Error('the file with the secret is away');
      },
    });
    await bench?.deliver('a');
    expect(delivery.health().detail).toContain('the file with the secret is away');
    expect(receiver.requests).toEqual([]);
    bench?.expectBalance();
  });
});
