/**
 * A storm of clients that misbehave in every state of a connection: resets, half handshakes, closes. Every place comes
 * back, and clients that behave are served throughout.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../../test/support/packets.ts';
import {
  endRunningListeners,
  RunningListeners,
  track,
  until,
} from '../../../test/support/processes/running-listeners.ts';
import { readTlsFixture } from '../../../test/support/tls-fixture.ts';
import type { StreamListener } from './stream-settings.ts';

afterEach(endRunningListeners);

const ca = readTlsFixture('ca.crt');
const TLS = {
  cert: readTlsFixture('server.crt'),
  key: readTlsFixture('server.key'),
  ca,
  requireClientCert: false,
};
const CLIENTS = 300;
/** The first bytes of a ClientHello. */
const HALF_HANDSHAKE = Buffer.from('16030100f8010000f40303', 'hex');

interface Storm {
  readonly name: string;
  readonly listener: Partial<Omit<StreamListener, 'socket'>>;
  readonly portable?: boolean;
  readonly containerOf?: () => string;
  /** What a client that behaves sends. */
  readonly packet: (text: string) => Buffer;
}

const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const STORMS: readonly Storm[] = [
  { name: 'a Unix stream', listener: { kind: 'unix' }, packet: frame },
  {
    ...{ name: 'a Unix stream with its senders', listener: { kind: 'unix' }, packet: frame },
    containerOf: () => 'a'.repeat(64),
  },
  { name: 'a pipe', listener: { kind: 'named_pipe' }, packet: line },
  { name: 'TCP', listener: { kind: 'tcp' }, packet: line },
  { name: 'TCP with Node alone', listener: { kind: 'tcp' }, packet: line, portable: true },
  { name: 'TLS', listener: { kind: 'tcp', tls: TLS }, packet: line },
  { name: 'TLS with Node alone', listener: { kind: 'tcp', tls: TLS }, packet: line, portable: true },
];

const isTls = ({ listener }: Storm): boolean => listener.tls !== undefined;

async function honest(server: RunningListeners, storm: Storm): Promise<Socket> {
  const below = await server.connect();
  if (!isTls(storm)) return below;
  const socket = track(connectTls({ socket: below, host: '127.0.0.1', ca }));
  await once(socket, 'secureConnect');
  return socket.resume();
}

/** Ends a socket in the way of number `how`. */
function end(socket: Socket, how: number): void {
  if (how % 3 === 0) socket.destroy();
  else if (how % 3 === 1) socket.end();
  else if (socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** Gets as far as state number `state` and ends there. */
async function misbehave(server: RunningListeners, storm: Storm, state: number): Promise<void> {
  const socket = await server.connect();
  const how = Math.floor(state / 5);
  switch (state % 5) {
    case 0:
      end(socket, how);
      return;
    case 1:
      socket.write(isTls(storm) ? HALF_HANDSHAKE : storm.packet('half:1|c').subarray(0, 3), () =>
        end(socket, how),
      );
      return;
    case 2:
      socket.write('no frames, no TLS, and no newline', () => end(socket, how));
      return;
    case 3: {
      if (!isTls(storm)) {
        socket.write(storm.packet('bad:1|c'), () => end(socket, how));
        return;
      }
      // In the middle of a handshake, wherever that is.
      const secure = track(connectTls({ socket, host: '127.0.0.1', ca }));
      setImmediate(() => end(socket, how));
      await Promise.race([once(secure, 'close'), sleep(50)]);
      return;
    }
    default: {
      if (!isTls(storm)) {
        socket.end(storm.packet('bad:1|c'));
        return;
      }
      const secure = track(connectTls({ socket, host: '127.0.0.1', ca }));
      secure.once('secureConnect', () => secure.write('half', () => end(socket, how)));
      await Promise.race([once(secure, 'close'), sleep(200)]);
    }
  }
}

describe.each(STORMS)('$name', (storm) => {
  it('serves clients that behave through a storm, and has every place back after it', async () => {
    const { listener, portable = false, containerOf } = storm;
    const server = await RunningListeners.start({
      ...{ listener, portable, connectionsMax: 64 },
      ...(containerOf && { containerOf }),
    });
    const steady = await honest(server, storm);
    let sent = 0;
    for (let i = 0; i < CLIENTS; i += 15) {
      await Promise.all(Array.from({ length: 15 }, (_, k) => misbehave(server, storm, i + k)));
      steady.write(storm.packet(`steady:${sent++}|g`));
      if (i % 60 === 0) {
        const fresh = await honest(server, storm);
        fresh.end(storm.packet('fresh:1|c'));
      }
    }
    const packetsOf = (name: string): number => server.packets.join('').split(name).length - 1;
    await until(() => packetsOf('steady:') === sent && packetsOf('fresh:') === CLIENTS / 60);
    steady.end();
    // Those that are yet to be accepted are not open either.
    const accepted = (): number =>
      server.count('connectionsOpened') + server.count('connectionsRefusedLimit');
    const made = CLIENTS + 1 + CLIENTS / 60;
    await until(() => accepted() === made && server.open === 0 && server.listeners.view().open === 0);
    expect(server.listeners.view()).toMatchObject({ open: 0, connections: [] });
    expect(server.count('connectionsOpened')).toBe(server.count('connectionsEnded'));
  });
});

it('a stop does not wait for half handshakes longer than for connections', async () => {
  const server = await RunningListeners.start({ listener: { kind: 'tcp', tls: TLS } });
  const half = await server.connect();
  half.write(HALF_HANDSHAKE);
  await until(() => server.count('connectionsOpened') === 1);
  const startedAt = performance.now();
  await server.stop();
  expect(performance.now() - startedAt).toBeLessThan(9000);
  expect(server.count('connectionsTlsFailed')).toBe(1);
  expect(server.open).toBe(0);
});
