import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotifySocket } from '../../test/support/fakes/notify-socket.ts';
import { type Logger, makeLogger } from '../telemetry/logger.ts';
import { Supervisor } from './supervisor.ts';

let folder: string;
let lines: string[];
let log: Logger;
const open: { close(): void }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-notify-'));
  lines = [];
  log = makeLogger('debug', { write: (line: string) => lines.push(line) });
});
afterEach(() => {
  for (const part of open.splice(0)) part.close();
  rmSync(folder, { recursive: true, force: true });
  vi.useRealTimers();
});

function listenAt(address: string): NotifySocket {
  const socket = new NotifySocket(address);
  open.push(socket);
  return socket;
}

function supervise(env: NodeJS.ProcessEnv, heartbeats: () => readonly number[] = () => []): Supervisor {
  const supervisor = new Supervisor({ env, pid: 42, log, heartbeats });
  open.push(supervisor);
  return supervisor;
}

it.each([
  ['a path', () => join(folder, 'notify')],
  ['an abstract name', () => `@whippet-${randomUUID()}`],
])('tells the life of the server to %s', (_, makeAddress) => {
  const address = makeAddress();
  const socket = listenAt(address);
  const supervisor = supervise({ NOTIFY_SOCKET: address });
  supervisor.ready('Listening on udp 127.0.0.1:8125');
  supervisor.status('busy');
  supervisor.reloading();
  supervisor.reloaded();
  supervisor.stopping();
  expect(socket.read()).toEqual([
    'READY=1\nSTATUS=Listening on udp 127.0.0.1:8125',
    'STATUS=busy',
    expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
    'READY=1',
    'STOPPING=1\nSTATUS=Draining and delivering',
  ]);
});

it('takes the variables out of the environment', () => {
  const env = { NOTIFY_SOCKET: join(folder, 'x'), WATCHDOG_USEC: '1000', WATCHDOG_PID: '42', OTHER: '1' };
  supervise(env);
  expect(env).toEqual({ OTHER: '1' });
});

it.each([
  ['nobody listens there', 'ENOENT', () => join(folder, 'gone')],
  ['it is no address it knows', 'neither a path', () => 'vsock:2:1234'],
  ['the path is too long', 'at most 107', () => `/${'x'.repeat(200)}`],
])('goes on, with a line at level debug, when %s', (_, reason, makeAddress) => {
  supervise({ NOTIFY_SOCKET: makeAddress() }).ready('x');
  expect(lines.map((line) => JSON.parse(line).level)).toEqual([20]);
  expect(lines[0]).toContain(reason);
});

describe('the watchdog', () => {
  const count = (socket: NotifySocket): number =>
    socket.read().filter((message) => message === 'WATCHDOG=1').length;

  it('speaks twice in each interval while every thread makes progress', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const socket = listenAt(join(folder, 'notify'));
    let ticker = 0;
    const env = { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '4000000', WATCHDOG_PID: '42' };
    const supervisor = supervise(env, () => [ticker, ticker]);
    supervisor.ready('x');
    for (let i = 0; i < 5; i++) {
      ticker++;
      vi.advanceTimersByTime(2000);
    }
    expect(count(socket)).toBe(6);
    supervisor.stopping();
    vi.advanceTimersByTime(10_000);
    expect(count(socket)).toBe(6);
  });

  it('is silent while one thread hangs, says so once, and speaks again afterwards', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const socket = listenAt(join(folder, 'notify'));
    let ticker = 0;
    let hung = false;
    const env = { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '4000000' };
    const supervisor = supervise(env, () => [++ticker, hung ? -1 : ticker]);
    supervisor.ready('x');
    hung = true;
    // The thread's number changes once more, to -1.
    vi.advanceTimersByTime(4000);
    const before = count(socket);
    vi.advanceTimersByTime(20_000);
    expect(count(socket)).toBe(before);
    expect(lines.filter((line) => line.includes('no progress'))).toHaveLength(1);
    hung = false;
    vi.advanceTimersByTime(2000);
    expect(count(socket)).toBe(before + 1);
  });

  it.each([
    ['another process is watched', { WATCHDOG_USEC: '4000000', WATCHDOG_PID: '43' }],
    ['nobody watches', {}],
    ['the time makes no sense', { WATCHDOG_USEC: 'soon' }],
  ])('is silent when %s', (_, watchdog) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const socket = listenAt(join(folder, 'notify'));
    supervise({ NOTIFY_SOCKET: join(folder, 'notify'), ...watchdog }).ready('x');
    vi.advanceTimersByTime(10_000);
    expect(socket.read()).toEqual(['READY=1\nSTATUS=x']);
  });
});
