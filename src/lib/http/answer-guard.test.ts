import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AnswerGuard } from './answer-guard.ts';

const OPTIONS = { windowMs: 10_000, lookMs: 1000, bytesMin: 1000 };

/** A connection whose bytes wait in this process; `take` is what the kernel takes of them. */
class FakeSocket extends EventEmitter {
  bytesWritten = 100_000_000;
  writableLength = 100_000_000;
  isReset = false;

  take(bytes: number): void {
    this.writableLength -= bytes;
  }

  resetAndDestroy(): void {
    this.isReset = true;
    this.emit('close');
  }
}

let server: EventEmitter;
let guard: AnswerGuard;
beforeEach(() => {
  vi.useFakeTimers();
  server = Object.assign(new EventEmitter(), { maxConnections: 256 });
  guard = new AnswerGuard(server as unknown as Server, OPTIONS);
});
afterEach(() => {
  server.emit('close');
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function connect(): FakeSocket {
  const socket = new FakeSocket();
  server.emit('connection', socket as unknown as Socket);
  return socket;
}

it('ends a connection that takes nothing for a window, and counts it', () => {
  const socket = connect();
  vi.advanceTimersByTime(10_000);
  expect(socket.isReset).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(socket.isReset).toBe(true);
  expect(guard.stalled).toBe(1);
});

it('ends one that takes less than the least, and keeps one that takes just that', () => {
  const [slow, slower] = [connect(), connect()];
  for (let second = 0; second < 100; second++) {
    slow.take(100);
    slower.take(80);
    vi.advanceTimersByTime(1000);
  }
  expect([slow.isReset, slower.isReset]).toEqual([false, true]);
});

it('keeps one whose bytes are taken in large steps, as far apart as they are large', () => {
  const steady = connect();
  const rare = connect();
  for (let step = 0; step < 3; step++) {
    steady.take(1_000_000);
    rare.take(2000);
    vi.advanceTimersByTime(35_000);
  }
  expect([steady.isReset, rare.isReset]).toEqual([false, true]);
});

it('is not impressed by a step of any size for longer than four windows', () => {
  const socket = connect();
  socket.take(50_000_000);
  vi.advanceTimersByTime(40_000);
  expect(socket.isReset).toBe(false);
  vi.advanceTimersByTime(2000);
  expect(socket.isReset).toBe(true);
});

it('blames no connection for the time in which the server itself stood still', () => {
  const socket = connect();
  vi.advanceTimersByTime(5000);
  // The clock goes on, and no look is made up for.
  vi.setSystemTime(Date.now() + 60_000);
  vi.spyOn(performance, 'now').mockReturnValue(1e9);
  vi.advanceTimersByTime(1000);
  expect(socket.isReset).toBe(false);
});

it('forgets what waited once all is taken', () => {
  const socket = connect();
  vi.advanceTimersByTime(9000);
  socket.take(socket.writableLength);
  vi.advanceTimersByTime(1000);
  socket.writableLength = 5000;
  socket.bytesWritten += 5000;
  vi.advanceTimersByTime(9000);
  expect(socket.isReset).toBe(false);
});
