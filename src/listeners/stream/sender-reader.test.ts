/** Who has sent what on one Unix stream connection, told by the kernel of real processes that share it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../../test/support/packets.ts';
import {
  endRunningListeners,
  RunningListeners,
  until,
} from '../../../test/support/processes/running-listeners.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await endRunningListeners();
});

const containerOf = (pid: number): string => pid.toString(16).padStart(64, '0');
const OWN = containerOf(process.pid);

interface Writer {
  readonly container: string;
  /** Resolves when the system has the bytes. */
  write(bytes: Buffer): Promise<void>;
}

const own = (socket: Socket): Writer => ({
  container: OWN,
  write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
});

/** A process of its own that writes to our connection what it is told. */
function writer(socket: Socket): Writer {
  const script = 'while IFS= read -r bytes; do printf "$bytes" >&3; echo done; done';
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit', socket] });
  children.push(child);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('no pipes');
  const lines = createInterface(stdout);
  return {
    container: containerOf(child.pid ?? 0),
    async write(bytes) {
      const octal = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
      const done = once(lines, 'line');
      stdin.write(`${octal}\n`);
      await done;
    },
  };
}

describe.runIf(process.platform === 'linux')('a Unix stream that is read with its senders', () => {
  const start = () => RunningListeners.start({ containerOf });

  it('tells processes apart that share a connection', async () => {
    const server = await start();
    const socket = await server.connect();
    const [parent, first, second] = [own(socket), writer(socket), writer(socket)];
    const said = ['a', 'b', 'c', 'd', 'e', 'f'];
    const senders = [parent, first, second, second, first, parent];
    for (const [i, sender] of senders.entries()) await sender.write(frame(said[i] as string));
    await until(() => server.packets.length === said.length);
    expect(server.packets).toEqual(said);
    expect(server.containers).toEqual(senders.map(({ container }) => container));
    expect(server.origins).toBeDefined();
    expect(server.listeners.counters.get('originPackets')).toBe(said.length);
  });

  it('takes what a process sent right before it ended', async () => {
    const server = await start();
    const socket = await server.connect();
    const script = spawn('sh', ['-c', 'printf "\\001\\000\\000\\000x" >&3'], {
      stdio: ['ignore', 'ignore', 'inherit', socket],
    });
    await once(script, 'exit');
    await until(() => server.packets.length === 1);
    expect(server.containers).toEqual([containerOf(script.pid ?? 0)]);
  });

  it('leaves no descriptor open', async () => {
    const server = await start();
    const before = readdirSync('/proc/self/fd').length;
    const sockets = await Promise.all(Array.from({ length: 50 }, () => server.connect()));
    for (const socket of sockets) for (let i = 0; i < 20; i++) socket.write(frame('a'));
    await until(() => server.packets.length === 1000);
    for (const socket of sockets) socket.end();
    await until(() => server.open === 0 && sockets.every(({ destroyed }) => destroyed));
    await until(() => readdirSync('/proc/self/fd').length <= before);
  });

  it('has the same packets from the same senders however they are cut and however late they are read', async () => {
    const server = await start();
    const socket = await server.connect();
    const writers = [own(socket), writer(socket), writer(socket)];
    const message = fc.record({
      of: fc.nat(writers.length - 1),
      text: fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('a', 'b', 'c') }),
      cuts: fc.array(fc.nat(43), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
        server.packets.length = 0;
        server.containers.length = 0;
        for (const { of, text, cuts } of messages) {
          const bytes = frame(text);
          const ends = [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].sort(
            (a, b) => a - b,
          );
          let at = 0;
          for (const end of ends) {
            if (end > at) await writers[of]?.write(bytes.subarray(at, end));
            at = Math.max(at, end);
          }
        }
        await until(() => server.packets.length === messages.length);
        expect(server.packets).toEqual(messages.map(({ text }) => text));
        expect(server.containers).toEqual(messages.map(({ of }) => writers[of]?.container));
      }),
      { numRuns: 60 },
    );
  });
});
