/**
 * Every packet is sent on as it came, whatever becomes of it here; and whatever becomes of it there, nothing
 * is lost here.
 */
import { expect, it } from 'vitest';
import { ForwardTarget } from '../support/fakes/forward-target.ts';
import { ownPort } from '../support/own-port.ts';
import { packLines } from '../support/packets.ts';
import { runWhippet } from '../support/processes/command.ts';
import {
  type ServerProcess,
  type ServerProcessOptions,
  withServer,
} from '../support/processes/server-process.ts';

const FORWARDED = 'whippet_forward_packets_accepted_total';
const FAILED = 'whippet_forward_packets_dropped_total';

async function withTarget(
  options: ServerProcessOptions & { readonly host?: string },
  body: (server: ServerProcess, target: ForwardTarget) => Promise<void>,
): Promise<void> {
  const target = await ForwardTarget.open(options.host);
  try {
    await withServer({ ...options, set: { ...target.keys, ...options.set } }, (server) =>
      body(server, target),
    );
  } finally {
    await target.close();
  }
}

const expectSame = (got: readonly Buffer[], want: readonly (string | Buffer)[]): void => {
  expect(got.length).toBe(want.length);
  const different = got.findIndex((packet, i) => !packet.equals(Buffer.from(want[i] as string, 'latin1')));
  expect(different).toBe(-1);
};

/** Packets of every kind, sense and nonsense. */
const MIXED: readonly (string | Buffer)[] = [
  'page.views:1|c|#env:prod',
  'a:1|c\nb:2|g\n',
  '_e{5,4}:title|text',
  '_sc|db.up|0',
  'no sense at all',
  '\n\n',
  '',
  Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  'x'.repeat(8192),
];

it.each([
  ['udp', '127.0.0.1'],
  ['unix', '::1'],
] as const)('sends what comes over %s on to %s, byte by byte', async (listener, host) => {
  await withTarget({ unix: true, host }, async (server, target) => {
    server.send(listener, MIXED);
    await target.until(MIXED.length);
    expectSame(target.got, MIXED);
    const bytes = MIXED.reduce((sum, { length }) => sum + length, 0);
    expect(await server.metricSum(FORWARDED)).toBe(MIXED.length);
    expect(await server.metricSum('whippet_forward_bytes_total')).toBe(bytes);
    expect(await server.metricSum(FAILED)).toBe(0);
    const { text } = await server.get('/api/forwarding');
    expect(JSON.parse(text)).toMatchObject({
      threads: [
        { listener: 'unixgram', packets: listener === 'unix' ? MIXED.length : 0 },
        { listener: 'udp', packets: listener === 'udp' ? MIXED.length : 0 },
      ],
    });
  });
});

it('sends 50,000 packets on, each once and in order', async () => {
  await withTarget({ unix: true }, async (server, target) => {
    // A context a packet: most of them wait in the backlog.
    const packets = Array.from({ length: 50_000 }, (_, i) => `forward.n:1|c|#i:${i},kind:${i % 7}`);
    // The target reads between two shares, and each fits the buffer that the kernel gives it where it gives no more than usual.
    const share = 400;
    for (let sent = 0; sent < packets.length; sent += share) {
      server.send(sent % (2 * share) === 0 ? 'unix' : 'udp', packets.slice(sent, sent + share));
      await target.until(sent + share);
    }
    expectSame(target.got, packets);
    await server.until(async () => (await server.metricSum(FORWARDED)) === 50_000, 'they are counted');
    expect(await server.metricSum(FAILED)).toBe(0);
    expect(await server.metricSum('whippet_listener_backlog_packets_total')).toBeGreaterThan(0);
    expect(await server.stop()).toBe(0);
    expect(server.total('forward.n')).toBe(50_000);
  });
});

it('sends on what it drains at a stop', async () => {
  await withTarget({ unix: true, set: { dogstatsd_workers_count: 2 } }, async (server, target) => {
    const packets = packLines(
      Array.from({ length: 8000 }, (_, i) => `stop.n:1|c|#i:${i % 300}`),
      1400,
    );
    server.send('unix', packets);
    expect(await server.stop()).toBe(0);
    await target.until(packets.length);
    expect(target.got.map(String).sort()).toEqual([...packets].sort());
  });
});

it('sends on through Node where there are no system calls', async () => {
  await withTarget({ set: { 'listeners.portable': true } }, async (server, target) => {
    await server.sendUdp('127.0.0.1', MIXED);
    await target.until(MIXED.length);
    expectSame(target.got, MIXED);
    await server.until(async () => (await server.metricSum(FORWARDED)) === MIXED.length, 'it is counted');
  });
});

it('sends the whole lines of a packet that is longer than its buffer', async () => {
  await withTarget({ set: { dogstatsd_buffer_size: 512 } }, async (server, target) => {
    const line = 'cut.n:1|c|#filler:';
    server.send('udp', [
      `${line}${'x'.repeat(400)}\ncut.n:1234567${'8'.repeat(200)}|c`,
      line.repeat(40),
      'end:1|c',
    ]);
    await target.until(2);
    expectSame(target.got, [`${line}${'x'.repeat(400)}\n`, 'end:1|c']);
    expect(await server.metric(`${FAILED}{listener="udp",reason="truncated"}`)).toBe(1);
  });
});

it('loses nothing when no one listens at the target, and says so once', async () => {
  const set = { statsd_forward_host: '127.0.0.1', statsd_forward_port: await ownPort() };
  await withServer({ unix: true, set }, async (server) => {
    const packets = Array.from({ length: 20_000 }, (_, i) => `refused.n:1|c|#i:${i % 100}`);
    server.send('unix', packets);
    await server.until(
      async () => (await server.metricSum(FORWARDED)) + (await server.metricSum(FAILED)) === 20_000,
      'every packet is accounted for',
    );
    expect(await server.metricSum('whippet_forward_refusals_total')).toBeGreaterThan(0);
    await server.until(
      () => server.log.some(({ msg }) => msg === 'no one listens at the forward target'),
      'the log says so',
    );
    expect(await server.stop()).toBe(0);
    expect(server.total('refused.n')).toBe(20_000);
    const told = server.log.filter(({ msg }) => msg.includes('no one listens'));
    expect(told.map(({ msg }) => msg)).toEqual([
      'no one listens at the forward target',
      'over: no one listens at the forward target',
    ]);
  });
});

it('is not held up by a target that has stopped reading', async () => {
  await withTarget({ unix: true }, async (server, target) => {
    const packets = Array.from({ length: 5000 }, () => `deaf.n:1|c|#filler:${'x'.repeat(4000)}`);
    // Sent without giving this process time to read: 20 MB, more than any receive buffer here holds.
    server.send('unix', packets);
    await server.until(
      async () => (await server.metricSum('whippet_listener_packets_total')) === 5000,
      'everything is received',
    );
    await server.until(
      async () => (await server.metricSum(FORWARDED)) + (await server.metricSum(FAILED)) === 5000,
      'every packet is accounted for',
    );
    expect(target.got.length).toBeLessThanOrEqual(5000);
    expect(await server.stop()).toBe(0);
    expect(server.total('deaf.n')).toBe(5000);
  });
});

it('goes on without a target that cannot be reached or found', async () => {
  const set = { statsd_forward_host: '255.255.255.255', statsd_forward_port: 9 };
  await withServer({ unix: true, set }, async (server) => {
    server.send('unix', ['way.n:1|c']);
    await server.until(
      async () => (await server.metric(`${FAILED}{listener="unixgram",reason="unreachable"}`)) === 1,
      'it is counted',
    );
    expect(await server.stop()).toBe(0);
    expect(server.total('way.n')).toBe(1);
  });
  const unknown = { statsd_forward_host: 'whippet-forward.invalid', statsd_forward_port: 9 };
  await withServer({ unix: true, set: unknown }, async (server) => {
    server.send('unix', ['name.n:1|c']);
    await server.until(
      async () => (await server.metric(`${FAILED}{listener="unixgram",reason="unresolved"}`)) === 1,
      'it is counted',
    );
    expect(await server.stop()).toBe(0);
    expect(server.total('name.n')).toBe(1);
  });
});

it('refuses to forward to itself', async () => {
  const port = String(await ownPort());
  const args = ['--port', port, '--http-port', '0', '--set', `statsd_forward_port=${port}`];
  const end = await runWhippet([...args, '--set', 'statsd_forward_host=127.0.0.1']);
  expect(end.stderr).toContain('ERR_CONFIG_FORWARD_LOOP');
  expect(end.code).toBe(2);
});

it('needs host and port, and says so', async () => {
  await withServer({ set: { statsd_forward_host: '127.0.0.1' } }, async (server) => {
    expect(server.log.some(({ msg }) => msg.startsWith('forwarding is off'))).toBe(true);
    expect((await server.get('/metrics')).text).not.toContain('whippet_forward');
  });
});
