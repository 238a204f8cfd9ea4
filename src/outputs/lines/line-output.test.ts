import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregate, Contexts, checkOf } from '../../../test/support/decode/aggregates.ts';
import { HttpReceiver } from '../../../test/support/fakes/http-receiver.ts';
import { OrderedBench, postSettings } from '../../../test/support/ordered-bench.ts';
import { readTlsFixture, tlsFixture } from '../../../test/support/tls-fixture.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { Aggregate } from '../../model/series.ts';
import type { Courier } from '../ordered/courier.ts';
import { HttpCourier } from '../ordered/http-courier.ts';
import { HttpPost } from '../ordered/http-post.ts';
import { GraphiteCourier, type GraphiteCourierOptions } from './graphite-courier.ts';
import { GraphiteFormat } from './graphite-format.ts';
import { InfluxFormat } from './influx-format.ts';
import { droppedOf, lineParts } from './influx-lines.ts';
import { LineOutput } from './line-output.ts';

const T = 1_700_000_000;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openOutput(
  courier: Courier,
  format: GraphiteFormat | InfluxFormat,
  compression: 'gzip' | 'none' = 'none',
) {
  const bench = new OrderedBench(courier, T * 1000);
  const { delivery } = bench;
  const output = new LineOutput({
    name: 'test',
    kind: 'test',
    format,
    counters: 'count',
    compression,
    hostname: 'me',
    delivery,
  });
  closing.push(() => output.close(0));
  await bench.start();
  const flush = async (at: number, batch: readonly Aggregate[]): Promise<void> => {
    output.begin({ at, interval: 10, final: false });
    output.write(batch);
    output.end();
    await delivery.idle();
  };
  return { bench, output, flush };
}

const counter = (name: string, sum: number): Aggregate =>
  aggregate(new Contexts('').create(name, 'counter'), { kind: 'counter', sum }, T);

/** A receiver of lines that behaves as `behave` says. */
class LineReceiver {
  text = '';
  connections = 0;
  behave: (socket: Socket) => void = (socket) => void socket.on('end', () => socket.end());
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(tls = false) {
    const accept = (socket: Socket): void => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        this.text += chunk;
      });
      this.behave(socket);
    };
    const keys = () => ({ key: readTlsFixture('server.key'), cert: readTlsFixture('server.crt') });
    this.server = tls ? createTlsServer(keys(), accept) : createServer({ allowHalfOpen: true }, accept);
    this.server.on('tlsClientError', () => undefined);
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    closing.push(() => this.close());
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('Graphite', () => {
  const format = new GraphiteFormat({ tags: 'tagged', prefix: '', hostTag: true });
  let receiver: LineReceiver;
  let port: number;
  beforeEach(async () => {
    receiver = new LineReceiver();
    port = await receiver.start();
  });
  const open = (some: Partial<GraphiteCourierOptions> = {}) =>
    openOutput(
      new GraphiteCourier({
        host: '127.0.0.1',
        port,
        tls: undefined,
        timeoutMs: 5000,
        receipt: 'close',
        ...some,
      }),
      format,
    );

  it('lines are delivered when the receiver has closed the connection', async () => {
    const { bench, output, flush } = await open();
    output.serviceCheck(checkOf('db.up', { status: 2, hostname: 'web1' }));
    output.event();
    await flush(T + 10, [counter('hits', 3), counter('load', 0.5)]);
    expect(receiver.text).toBe(
      `hits;host=me 3 ${T + 10}\nload;host=me 0.5 ${T + 10}\ndb.up.check_status;host=web1 2 ${T + 10}\n`,
    );
    expect(output.outcomes()).toMatchObject({ accepted: { written: 3 }, filtered: { event: 1 } });
    expect(bench.delivery.status.counts.delivered.test?.items).toBe(3);
    bench.expectBalance();
  });

  it('a bucket that is flushed early has the time of the flush, a sample with a time of its own keeps it', async () => {
    const { flush } = await open();
    const late = aggregate(
      new Contexts('').create('late', 'gauge'),
      { kind: 'timestamped', value: 1 },
      T - 99,
    );
    await flush(T + 4, [counter('hits', 3), late]);
    expect(receiver.text).toBe(`hits;host=me 3 ${T + 4}\nlate;host=me 1 ${T - 99}\n`);
  });

  it('what is not finite is rejected', async () => {
    const { output, flush } = await open();
    await flush(T + 10, [counter('hits', Number.NaN)]);
    expect(receiver.connections).toBe(0);
    expect(output.outcomes().rejected).toMatchObject({ non_finite: 1 });
  });

  it('a receiver that is down gets the lines later, the oldest first', async () => {
    await receiver.close();
    const { bench, flush } = await open();
    await flush(T + 10, [counter('first', 1)]);
    expect(bench.error).toContain('ECONNREFUSED');
    await flush(T + 20, [counter('second', 1)]);
    expect([bench.held, bench.losses]).toEqual([2, []]);
    bench.expectBalance();
  });

  it('a receiver that cuts gets the same lines again', async () => {
    const { bench, flush } = await open();
    receiver.behave = (socket) => void socket.once('data', () => socket.resetAndDestroy());
    await flush(T + 10, [counter('hits', 1)]);
    expect(bench.held).toBe(1);
    receiver.behave = (socket) => void socket.on('end', () => socket.end());
    receiver.text = '';
    await bench.pass();
    expect(receiver.text).toContain('hits');
    expect([bench.held, bench.losses]).toEqual([0, []]);
    bench.expectBalance();
  });

  it('a receiver that never closes has not given a receipt, unless none is wanted', async () => {
    receiver.behave = () => undefined;
    const { bench, flush } = await open({ timeoutMs: 150 });
    await flush(T + 10, [counter('hits', 1)]);
    expect(bench.error).toContain('receipt: none is for those that never do');
    expect(bench.held).toBe(1);
    bench.expectBalance();
    const other = await open({ timeoutMs: 5000, receipt: 'none' });
    await other.flush(T + 10, [counter('hits', 1)]);
    expect(other.bench.held).toBe(0);
  });

  it('a receiver that never reads does not hold a delivery for ever', async () => {
    receiver.behave = (socket) => void socket.pause();
    const settings = { host: '127.0.0.1', port, tls: undefined, timeoutMs: 300, receipt: 'none' } as const;
    const bench = new OrderedBench(new GraphiteCourier(settings), T * 1000, 100_000_000);
    await bench.start();
    closing.push(() => bench.delivery.close(0));
    // More than the kernel takes for it.
    await bench.deliver('x'.repeat(64 * 1024 * 1024));
    expect(bench.error).toContain('has not taken the lines');
    expect([bench.losses, bench.held]).toEqual([[], 1]);
    bench.expectBalance();
  });

  it('what the receiver says is thrown away', async () => {
    receiver.behave = (socket) => {
      socket.write('nonsense\n'.repeat(10_000));
      socket.on('end', () => socket.end());
    };
    const { bench, flush } = await open();
    await flush(T + 10, [counter('hits', 1)]);
    expect(bench.held).toBe(0);
  });

  it('TLS trusts the authority it is given, and no other', async () => {
    const secure = new LineReceiver(true);
    port = await secure.start();
    const tls = { skipVerify: false, minVersion: 'TLSv1.2', caFile: tlsFixture('ca.crt') } as const;
    const { bench, flush } = await open({ host: 'localhost', tls });
    await flush(T + 10, [counter('hits', 1)]);
    expect([secure.text, bench.error]).toEqual([`hits;host=me 1 ${T + 10}\n`, '']);
    const other = await open({ host: 'localhost', tls: { ...tls, caFile: '' } });
    await other.flush(T + 10, [counter('hits', 1)]);
    expect(other.bench.error).toMatch(/certificate|self.signed/i);
    expect(other.bench.held).toBe(1);
  });
});

describe('InfluxDB', () => {
  let receiver: HttpReceiver;
  let url: string;
  beforeEach(async () => {
    receiver = new HttpReceiver();
    url = await receiver.start();
    closing.push(() => receiver.close());
  });
  const open = (compression: 'gzip' | 'none' = 'gzip') => {
    const post = new HttpPost(postSettings(`${url}/write?db=d&precision=ms`), systemClock);
    const courier = new HttpCourier({
      post,
      headers: () => ({}),
      takesPages: false,
      parts: lineParts,
      droppedOf,
    });
    return openOutput(courier, new InfluxFormat({ hostTag: true }), compression);
  };

  it.each(['gzip', 'none'] as const)('lines are delivered, compressed with %s', async (compression) => {
    const { bench, flush } = await open(compression);
    await flush(T + 10, [counter('hits', 3)]);
    expect(receiver.requests).toMatchObject([
      { url: '/write?db=d&precision=ms', text: `hits,host=me value=3 ${T + 10}000\n` },
    ]);
    bench.expectBalance();
  });

  it('lines that the database dropped are counted', async () => {
    const { bench, flush } = await open();
    const error = 'partial write: field type conflict: input field \\"value\\" dropped=2';
    receiver.answer = () => ({ status: 400, body: `{"error":"${error}"}` });
    await flush(
      T + 10,
      ['a', 'b', 'c'].map((name) => counter(name, 1)),
    );
    expect([bench.losses, receiver.requests.length]).toEqual([[['refused', 2]], 1]);
    bench.expectBalance();
  });

  it('one line that it cannot read costs one line', async () => {
    const { bench, flush } = await open();
    receiver.answer = ({ text }) => (/^bad/m.test(text) ? { status: 400, body: '{"code":"invalid"}' } : {});
    await flush(
      T + 10,
      ['a', 'b', 'bad', 'c', 'd'].map((name) => counter(name, 1)),
    );
    expect(bench.losses).toEqual([['refused', 1]]);
    expect(bench.delivery.status.counts.delivered.test?.items).toBe(4);
    bench.expectBalance();
  });

  it('a database that does not exist waits for the configuration', async () => {
    const { bench, output, flush } = await open();
    receiver.answer = () => ({ status: 404, body: '{"error":"database not found: \\"d\\""}' });
    await flush(T + 10, [counter('a', 1)]);
    expect(output.health().detail).toContain('database not found');
    expect(bench.held).toBe(1);
  });
});
