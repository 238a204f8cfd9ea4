/**
 * Stream listeners of the built server: what was fully sent is in the output, however it came and whatever
 * happened to other connections.
 */

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FrameSender } from '../../bench/send-frames.ts';
import { frame, packetsOf } from '../support/packets.ts';
import { ServerProcess, withServer } from '../support/processes/server-process.ts';
import { tlsFixture } from '../support/tls-fixture.ts';

async function dial(at: string | number): Promise<Socket> {
  const socket = typeof at === 'number' ? connect(at, '127.0.0.1') : connect(at);
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

/** Writes the pieces one after the other, each on its way before the next, and ends. */
async function deliver(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
  await new Promise<void>((resolve) => socket.end(() => resolve()));
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const get = async (
  server: ServerProcess,
): Promise<{ open: number; connections: Record<string, unknown>[] }> =>
  JSON.parse((await server.get('/api/connections')).text);

describe('a Unix stream', () => {
  it('takes frames whole, byte by byte and cut at every position', async () => {
    await withServer({ stream: true }, async (server) => {
      const bytes = Buffer.concat([frame('cut.a:1|c'), frame(''), frame('cut.b:2|c|#x:y\ncut.c:3|c')]);
      await deliver(await dial(server.streamPath), [bytes]);
      await deliver(
        await dial(server.streamPath),
        [...bytes].map((byte) => Uint8Array.of(byte)),
      );
      for (let at = 0; at <= bytes.length; at++) {
        await deliver(await dial(server.streamPath), [bytes.subarray(0, at), bytes.subarray(at)]);
      }
      expect(await server.stop()).toBe(0);
      const times = bytes.length + 3;
      expect(server.total('cut.a')).toBe(times);
      expect(server.total('cut.b')).toBe(2 * times);
      expect(server.total('cut.c')).toBe(3 * times);
    });
  });

  it('keeps everything that 1,000 connections sent in full, while others break off', async () => {
    await withServer({ stream: true }, async (server) => {
      const sockets = await Promise.all(Array.from({ length: 1000 }, () => dial(server.streamPath)));
      await server.until(async () => (await get(server)).open === 1000, 'all are accepted');
      let whole = 0;
      await Promise.all(
        sockets.map(async (socket, i) => {
          const frames = Array.from({ length: 1 + (i % 7) }, (_, n) =>
            frame(`many:1|c|#n:${n}\nmany.d:${i}|d`),
          );
          whole += frames.length;
          const bytes = Buffer.concat(frames);
          // Every third breaks off within a frame, every seventh without a word.
          const tail = i % 3 === 0 ? [frame('broken:1|c').subarray(0, 1 + (i % 12))] : [];
          const middle = i % bytes.length;
          for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle), ...tail]) {
            await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
          }
          if (i % 7 === 0) socket.destroy();
          else socket.end();
        }),
      );
      await server.until(async () => (await get(server)).open === 0, 'all connections have ended');
      const report = await server.ledger();
      const packets = report.totals.find(({ name, unit }) => name === 'unix' && unit === 'packets');
      expect(packets).toMatchObject({ dropped: { frame_cut: 334, frame_too_long: 0 } });
      expect(report.losses).toMatchObject([
        { name: 'unix', unit: 'packets', reason: 'frame_cut', count: 334 },
      ]);
      expect(await server.stop()).toBe(0);
      expect(server.total('many')).toBe(whole);
      expect(server.total('broken')).toBe(0);
    });
  });

  it.each([
    ['end when the server half-closes', false],
    ['go on sending whatever it does', true],
  ])('loses nothing that was sent before a stop, from clients that %s', async (_, allowHalfOpen) => {
    await withServer({ stream: true, set: { bucket_seconds: 3600 } }, async (server) => {
      const bytes = Buffer.concat(Array.from({ length: 100 }, (_, i) => frame(`stop:1|c|#i:${i}`)));
      let taken = 0;
      let failed = 0;
      const clients = Array.from({ length: 20 }, async () => {
        const socket = connect({ path: server.streamPath, allowHalfOpen });
        socket.on('error', () => undefined);
        socket.resume();
        for (;;) {
          const error = await new Promise((resolve) => socket.write(bytes, resolve));
          if (error) break;
          taken += 100;
        }
        failed += 100;
      });
      await server.until(() => taken > 100_000, 'much was sent');
      const code = server.stop();
      await Promise.all(clients);
      expect(await code).toBe(0);
      // Of a write that failed, the system may have taken some.
      expect(server.total('stop')).toBeGreaterThanOrEqual(taken);
      expect(server.total('stop')).toBeLessThanOrEqual(taken + failed);
    });
  });

  it('leaves nothing behind of 10,000 connections', async () => {
    await withServer({ stream: true }, async (server) => {
      const pid = server.child.pid as number;
      const packets = packetsOf(['churn:1|c']);
      const before = openFiles(pid);
      for (let i = 0; i < 10_000; i++) {
        const sender = new FrameSender(server.streamPath);
        if (i % 2 === 0) sender.send(packets);
        sender.close();
      }
      await server.until(
        async () =>
          (await server.metric(
            'whippet_listener_connections_accepted_total{listener="unix",kind="ended"}',
          )) === 10_000 && (await get(server)).open === 0,
        'all have come and gone',
      );
      expect(openFiles(pid)).toBeLessThanOrEqual(before + 2);
      expect(await server.stop()).toBe(0);
      expect(server.total('churn')).toBe(5000);
    });
  });

  it('shows its connections, and says what is wrong with one', async () => {
    await withServer({ stream: true, set: { dogstatsd_stream_log_too_big: true } }, async (server) => {
      const good = await dial(server.streamPath);
      good.write(frame('a:1|c'));
      await server.until(
        async () => (await get(server)).connections[0]?.packets === 1,
        'the packet has come',
      );
      const { connections } = await get(server);
      expect(connections).toMatchObject([
        { id: 1, listener: 'unix', packets: 1, bytes: 5, peer: { pid: process.pid }, lastError: null },
      ]);
      const bad = await dial(server.streamPath);
      bad.write('GET / HTTP/1.1\r\n\r\n');
      await once(bad, 'close');
      await server.until(
        () => server.log.some(({ problem }) => problem === 'frame_impossible'),
        'it is said',
      );
      expect(server.log.find(({ problem }) => problem === 'frame_impossible')).toMatchObject({
        level: 40,
        listener: 'unix',
        connection: 2,
        quote: '/ HTTP/1.1\\r\\n\\r\\n',
      });
      expect((await get(server)).open).toBe(1);
      good.destroy();
    });
  });

  it('goes on with those it has when it may open no more files, and takes others when there is room again', async () => {
    // The shell's limit holds for the server, too: it can raise it no more. A start needs more than a hundred: modules load side by side.
    const server = await LimitedServer.start(256);
    try {
      const sockets: Socket[] = [];
      for (let i = 0; i < 300; i++) sockets.push(await dial(server.path));
      const ends = sockets.map(
        (socket, i) => new Promise<number>((resolve) => socket.once('close', () => resolve(i))),
      );
      await Promise.race(ends);
      const [first] = sockets as [Socket];
      first.write(frame('limited:1|c'));
      await server.says('"problem":"file_limit"');
      for (const socket of sockets.slice(1)) socket.destroy();
      await server.has(
        async () =>
          (await server.count('whippet_listener_connections_held{listener="unix",kind="open"}')) === 1,
      );
      const next = await dial(server.path);
      next.write(frame('limited:1|c'));
      await server.has(async () => (await server.count('limited')) === 2);
      const refused = 'whippet_listener_connections_dropped_total{listener="unix",reason="file_limit"}';
      expect(await server.count(refused)).toBeGreaterThan(0);
      for (const socket of sockets) socket.destroy();
      next.destroy();
    } finally {
      await server.end();
    }
  });

  it('has its file while it runs, with rights to write for all, and no longer', async () => {
    await withServer({ stream: true }, async (server) => {
      expect(statSync(server.streamPath).mode & 0o777).toBe(0o722);
      expect(server.log).toContainEqual(
        expect.objectContaining({ msg: 'listening', listener: 'unix', address: server.streamPath }),
      );
      expect(await server.stop()).toBe(0);
      expect(existsSync(server.streamPath)).toBe(false);
    });
  });
});

describe.each([
  ['with system calls', {}],
  ['with Node alone', { 'listeners.portable': true }],
])('TCP and a named pipe %s', (_, set) => {
  it('take lines, from many connections each', async () => {
    const server = await ServerProcess.start({ set: { ...set, dogstatsd_tcp_port: 0 }, args: [] });
    try {
      const text = 'tcp:1|c\ntcp:2|c|#a:b\ntcp:3|c';
      const at = Array.from({ length: 50 }, () => dial(server.tcpPort));
      await Promise.all(at.map(async (socket) => deliver(await socket, [Buffer.from(text)])));
      expect(await server.stop()).toBe(0);
      expect(server.total('tcp')).toBe(300);
    } finally {
      await server.dispose();
    }
  });

  it('listen on a pipe beside a Unix stream, on one thread', async () => {
    await withServer({ stream: true, set }, async (other) => {
      const pipe = join(other.folder, 'pipe');
      await withServer({ stream: true, set: { ...set, dogstatsd_pipe_name: pipe } }, async (server) => {
        await deliver(await dial(pipe), [Buffer.from('pipe:1|c\npipe:1'), Buffer.from('|c\n')]);
        await deliver(await dial(server.streamPath), [frame('pipe:1|c'), frame('pipe:x|c')]);
        await server.until(
          async () => (await server.metricSum('whippet_listener_messages_total')) === 4,
          'all came',
        );
        // Each listener has totals of its own, though they share a thread.
        const messages = (what: string, labels: string) =>
          server.metric(`whippet_listener_messages${what}_total{${labels}}`);
        expect(await messages('', 'listener="unix"')).toBe(2);
        expect(await messages('', 'listener="named_pipe"')).toBe(2);
        expect(await messages('_accepted', 'listener="unix",message_type="metric"')).toBe(1);
        expect(await messages('_accepted', 'listener="named_pipe",message_type="metric"')).toBe(2);
        expect(await messages('_rejected', 'listener="unix",message_type="metric",reason="value"')).toBe(1);
        expect(JSON.parse((await server.get('/api/ledger')).text)).toMatchObject({ balanced: true });
        expect(await server.stop()).toBe(0);
        expect(server.total('pipe')).toBe(3);
        expect(existsSync(pipe)).toBe(false);
      });
    });
  });
});

it('sends the packets of streams on, too', async () => {
  const target = createSocket('udp4').bind(0, '127.0.0.1');
  await once(target, 'listening');
  const arrived: string[] = [];
  target.on('message', (message) => arrived.push(message.toString()));
  const forward = { statsd_forward_host: '127.0.0.1', statsd_forward_port: target.address().port };
  try {
    await withServer({ stream: true, set: { dogstatsd_tcp_port: 0, ...forward } }, async (server) => {
      await deliver(await dial(server.streamPath), [frame('fwd:1|c'), frame('fwd:2|c')]);
      await deliver(await dial(server.tcpPort), [Buffer.from('fwd:3|c\nfwd:4|c')]);
      await server.until(() => arrived.join('').length === 30, 'all have arrived');
      expect(arrived.sort()).toEqual(['fwd:1|c', 'fwd:2|c', 'fwd:3|c\n', 'fwd:4|c\n']);
    });
  } finally {
    target.close();
  }
});

it('names dogstatsd_tcp_port when the port is in use', async () => {
  await withServer({ set: { dogstatsd_tcp_port: 0 } }, async (server) => {
    for (const portable of [false, true]) {
      const set = { dogstatsd_tcp_port: server.tcpPort, 'listeners.portable': portable };
      await expect(ServerProcess.start({ set })).rejects.toThrow(
        /ERR_LISTEN_IN_USE.*TCP port.*dogstatsd_tcp_port/,
      );
    }
  });
});

it('takes TLS over TCP from clients with a certificate', async () => {
  const tls = {
    'dogstatsd_tcp_tls.cert_file': tlsFixture('server.crt'),
    'dogstatsd_tcp_tls.key_file': tlsFixture('server.key'),
    'dogstatsd_tcp_tls.ca_file': tlsFixture('ca.crt'),
    'dogstatsd_tcp_tls.require_client_cert': true,
  };
  await withServer({ set: { dogstatsd_tcp_port: 0, ...tls } }, async (server) => {
    const client = spawn(
      'openssl',
      ['s_client', '-quiet', '-connect', `127.0.0.1:${server.tcpPort}`].concat([
        '-CAfile',
        tlsFixture('ca.crt'),
        '-cert',
        tlsFixture('client.crt'),
        '-key',
        tlsFixture('client.key'),
      ]),
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    client.stdin.write('tls:1|c\ntls:1|c\n');
    await server.until(() => server.total('tls') === 2, 'the lines have come');
    client.kill();
    await once(client, 'exit');
  });
});

/** A server that may open only so many files. */
class LimitedServer {
  readonly path: string;
  private readonly folder: ServerProcess;
  private readonly child;
  private output = '';

  static async start(files: number): Promise<LimitedServer> {
    const server = new LimitedServer(files);
    await server.says('HTTP is up');
    return server;
  }

  private constructor(files: number) {
    // Only for its folder: a server of the kind that is started with a shell is not a ServerProcess.
    this.folder = new ServerProcess({ args: ['--no-such-flag'] });
    this.path = join(this.folder.folder, 'limited.sock');
    const whippet = fileURLToPath(new URL('../../dist/cli/whippet.js', import.meta.url));
    const command = `ulimit -n ${files}; exec "$0" "$@"`;
    const args = ['run', '--port', '-1', '--http-port', '0', '--stream-socket', this.path];
    this.child = spawn(
      'sh',
      ['-c', command, process.execPath, whippet, ...args, '--set', 'bucket_seconds=1'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.output += chunk;
    });
  }

  says(text: string): Promise<void> {
    return this.has(async () => this.output.includes(text));
  }

  async has(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`too late:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async count(series: string): Promise<number | undefined> {
    const port = /"port":(\d+),"msg":"HTTP is up"/.exec(this.output)?.[1];
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
    await this.folder.dispose();
  }
}
