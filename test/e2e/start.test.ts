/**
 * How the server starts when not everything can, and what it tells its supervisor from start to stop.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotifySocket } from '../support/fakes/notify-socket.ts';
import { runWhippet, WHIPPET } from '../support/processes/command.ts';
import { withServer } from '../support/processes/server-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('dogstatsd_require_listener', () => {
  const missing = (): string => join(folder, 'missing', 's');

  it.each([
    ['any', false],
    ['any', true],
    // The Agent's word for any.
    ['true', false],
    ['none', true],
  ])('%s goes on without a listener that cannot start (portable: %s)', async (required, portable) => {
    const set = {
      dogstatsd_require_listener: required,
      dogstatsd_stream_socket: missing(),
      'listeners.portable': portable,
    };
    await withServer({ set }, async (server) => {
      server.send('udp', ['start.any:1|c']);
      await server.until(() => server.total('start.any') === 1, 'UDP works');
      expect(server.log).toContainEqual(
        expect.objectContaining({
          ...{ level: 50, listener: 'unix' },
          // Node calls a missing directory one that may not be written to; what is there is looked at.
          code: 'ERR_LISTEN_SOCKET_PATH',
        }),
      );
      const health = await server.get('/health');
      expect(health.status).toBe(200);
      expect(JSON.parse(health.text).parts).toContainEqual({
        ...{ name: 'listener unix', healthy: false, optional: true },
        detail: expect.stringContaining('dogstatsd_stream_socket'),
      });
      expect((await server.ledger()).notListening).toMatchObject([{ listener: 'unix' }]);
      expect(await server.metric('whippet_listener_listeners_failed_total{listener="unix"}')).toBe(1);
    });
  });

  it.each(['any', 'true'])('%s needs one that is configured', async (required) => {
    const end = await runWhippet([
      ...['run', '--http-port', '0', '--port', '-1'],
      ...['--set', `dogstatsd_require_listener=${required}`],
    ]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain(
      'ERR_LISTEN_NONE: dogstatsd_require_listener asks for a listener and none is configured',
    );
  });

  it.each([false, true])('any needs one (portable: %s)', async (portable) => {
    const keys = [
      'dogstatsd_require_listener=any',
      'dogstatsd_port=-1',
      `dogstatsd_stream_socket=${missing()}`,
      `listeners.portable=${portable}`,
    ];
    const end = await runWhippet(['--http-port', '0', ...keys.flatMap((key) => ['--set', key])]);
    expect(end).toMatchObject({ code: 1, stderr: expect.stringMatching(/ERR_LISTEN_(SOCKET_PATH|DENIED)/) });
  });

  it('none needs none', async () => {
    const set = {
      dogstatsd_require_listener: 'none',
      dogstatsd_port: -1,
      dogstatsd_socket: missing(),
    };
    await withServer({ set }, async (server) => {
      expect((await server.get('/ready')).status).toBe(200);
      expect((await server.ledger()).notListening).toHaveLength(1);
    });
  });

  it('takes no other word', async () => {
    const end = await runWhippet(['--set', 'dogstatsd_require_listener=some']);
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining('all, any, none, true, false') });
  });
});

it('says at level debug how many threads there are, and why', async () => {
  const set = { log_level: 'debug', dogstatsd_workers_count: 2 };
  await withServer({ set, stream: true }, async (server) => {
    expect(server.log).toContainEqual(
      expect.objectContaining({
        level: 20,
        msg: '3 listener threads and the control thread',
        listenerThreads: ['udp', 'udp', 'unix'],
        workers: expect.objectContaining({ udp: 2, unixgram: 2 }),
        why: expect.stringContaining('dogstatsd_workers_count'),
      }),
    );
  });
});

it('tells its supervisor when it is ready, reloads, works and stops', async () => {
  const address = join(folder, 'notify');
  const socket = new NotifySocket(address);
  try {
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '2000000' };
    await withServer({ env, config: {} }, async (server) => {
      expect(await socket.until((message) => message.startsWith('READY=1'))).toBe(
        `READY=1\nSTATUS=Listening on udp 127.0.0.1:${server.udpPort}`,
      );
      await socket.until((message) => message === 'WATCHDOG=1');
      await socket.until((message) => /^STATUS=Listening on udp .*; \d+ packets\/s$/.test(message));
      server.child.kill('SIGHUP');
      await socket.until((message) => /^RELOADING=1\nMONOTONIC_USEC=\d+$/.test(message));
      await socket.until((message) => message === 'READY=1');
      server.writeConfig('bucket_seconds: [');
      server.child.kill('SIGHUP');
      const counts = (): number => socket.read().filter((message) => message === 'READY=1').length;
      await server.until(() => counts() === 2, 'it is ready again after a reload that failed');
      expect(await server.stop()).toBe(0);
      await socket.until((message) => message.startsWith('STOPPING=1'));
    });
  } finally {
    socket.close();
  }
});

it('keeps nothing of what validates the configuration', () => {
  const script = `
    import { collectGarbage } from './lib/collect-garbage.js';
    import { loadConfigAtStart } from './cli/load-config.js';
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const { config } = await loadConfigAtStart({ port: '1234' });
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    const left = Object.keys(globalThis).filter((name) => /zod/i.test(name));
    console.log(JSON.stringify({ port: config.dogstatsd_port, left, kept: process.memoryUsage().heapUsed - before }));`;
  const found = outcomeOf(script) as { kept: number };
  expect(found).toMatchObject({ port: 1234, left: [] });
  // With the libraries it is 5.6 MB.
  expect(found.kept).toBeLessThan(2_500_000);
});

it('starts a listener thread before it is asked for, once, and leaves none behind', () => {
  const script = `
    import { SpareThread } from './listeners/thread/spare-thread.js';
    const taken = new SpareThread();
    const first = taken.take();
    const second = taken.take();
    await taken.end();
    await first.end();
    const notTaken = new SpareThread();
    await notTaken.end();
    const late = notTaken.take();
    console.log(JSON.stringify({ first: first !== undefined, second: second !== undefined, late: late !== undefined }));`;
  expect(outcomeOf(script)).toEqual({ first: true, second: false, late: false });
});

it('a listener thread that nobody needs ends in order, however far it has come', () => {
  const script = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { SpareThread } from './listeners/thread/spare-thread.js';
    let ended = 0;
    for (let ms = 0; ms < 120; ms += 6) {
      const spare = new SpareThread();
      await sleep(ms);
      await spare.end();
      ended++;
    }
    console.log(JSON.stringify(ended));`;
  expect(outcomeOf(script)).toBe(20);
});

/** Runs a script beside the modules of the server; what it has printed as JSON. Throws when it fails. */
function outcomeOf(script: string): unknown {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: join(dirname(WHIPPET), '..'),
    env: {},
    encoding: 'utf8',
  });
  return JSON.parse(output);
}
