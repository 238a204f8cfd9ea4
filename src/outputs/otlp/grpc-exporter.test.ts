import { beforeEach, describe, expect, it } from 'vitest';
import { OtlpReceiver } from '../../../test/support/fakes/otlp-receiver.ts';
import {
  counter,
  lossesOf,
  make,
  now,
  open,
  startReceiver,
  T,
  useOtlpBench,
} from '../../../test/support/otlp-bench.ts';

useOtlpBench();

describe('answers over gRPC', () => {
  beforeEach(() => startReceiver('grpc'));

  it.each([1, 4, 10, 11, 14, 15])('status %i is sent again', async (grpc) => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = () => (now.receiver.exports.length === 1 ? { grpc, message: 'später' } : {});
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.metrics.status.lastError?.text).toContain(': später');
    await now.clock.advance(64_000);
    await bench.metrics.idle();
    expect(bench.metrics.status.counts.requests).toEqual({ [`grpc_${grpc}`]: 1, grpc_0: 1 });
    bench.ledgerHolds();
  });

  it.each([2, 3, 5, 6, 8, 9, 13])('status %i is refused', async (grpc) => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = () => ({ grpc });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(lossesOf(bench)).toEqual([['refused', 1]]);
    bench.ledgerHolds();
  });

  it('a receiver that says when is left alone until then', async () => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = () =>
      now.receiver.exports.length === 1 ? { grpc: 8, details: retryInfo(90) } : {};
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    await now.clock.advance(89_000);
    await bench.metrics.idle();
    expect(now.receiver.exports).toHaveLength(1);
    await now.clock.advance(1000);
    await bench.metrics.idle();
    expect(now.receiver.exports).toHaveLength(2);
  });

  it.each([7, 12, 16])('status %i waits for somebody to correct the configuration', async (grpc) => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = () => ({ grpc });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.output.health().healthy).toBe(false);
    bench.ledgerHolds();
  });

  it('a message larger than the receiver takes goes in halves', async () => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = ({ points }) =>
      points.length > 1 ? { grpc: 8, message: 'grpc: received message larger than max (5 vs. 4)' } : {};
    await bench.flush(
      T + 10,
      ['a', 'b'].map((name) => counter(make(name, 'counter'), 1)),
    );
    expect(now.receiver.exports).toHaveLength(3);
    expect(lossesOf(bench)).toEqual([]);
    bench.ledgerHolds();
  });

  it.each([
    [503, 'receiver'],
    [401, 'configuration'],
    [404, 'configuration'],
  ])('a proxy that answers %i is the fault of the %s', async (status, fault) => {
    const bench = open({}, 'delta', 'grpc');
    now.receiver.answer = () => ({ status });
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.metrics.status.fault).toBe(fault);
    bench.ledgerHolds();
  });

  it('a server of HTTP/1 is no receiver of gRPC, and the error says so', async () => {
    await now.receiver.close();
    now.closing.length = 0;
    await startReceiver('http');
    const bench = open({}, 'delta', 'grpc', 1000);
    await bench.flush(T + 10, [counter(make('a', 'counter'), 1)]);
    expect(bench.metrics.status.lastError?.text).not.toBe('');
    expect(bench.metrics.status.queue.items).toBe(1);
    bench.ledgerHolds();
  });

  it('a connection that ended is made again', async () => {
    const bench = open({}, 'delta', 'grpc');
    const context = make('a', 'counter');
    await bench.flush(T + 10, [counter(context, 1)]);
    const { port } = new URL(now.url);
    await now.receiver.close();
    now.receiver = new OtlpReceiver('grpc');
    await now.receiver.start(Number(port));
    await bench.flush(T + 20, [counter(context, 2, T + 10)]);
    await now.clock.advance(64_000);
    await bench.metrics.idle();
    expect(now.receiver.points.map(({ value }) => value)).toEqual([2]);
    await now.receiver.close();
    now.receiver = new OtlpReceiver('grpc');
    await now.receiver.start();
  });
});

/** google.rpc.Status with a RetryInfo of so many seconds. */
function retryInfo(seconds: number): Uint8Array {
  const item = (field: number, content: Uint8Array | string): Buffer => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
  };
  const delay = item(1, Buffer.from([1 << 3, seconds]));
  const any = Buffer.concat([item(1, 'type.googleapis.com/google.rpc.RetryInfo'), item(2, delay)]);
  return Buffer.concat([Buffer.from([1 << 3, 8]), item(2, 'busy'), item(3, any)]);
}
