import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { ReceiveSlots } from '../datagram/receive-slots.ts';
import { loadLibc, MSG_DONTWAIT, SCM_RIGHTS, SO_PASSPIDFD, SOCK_DGRAM, SOL_SOCKET } from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';
import { AF_UNIX, sockaddrUnix } from '../system/sockaddr.ts';
import { CredentialSlots } from './credential-slots.ts';
import { PidfdSwitch } from './pidfd-switch.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const BATCH = 8;

describe.runIf(process.platform === 'linux')('CredentialSlots', () => {
  const opened: number[] = [];
  afterEach(() => {
    for (const fd of opened.splice(0)) loadLibc().close(fd);
  });

  const open = () => {
    const libc = loadLibc();
    const address = sockaddrUnix(`@whippet-credentials-${process.pid}`);
    const receiver = libc.socket(AF_UNIX, SOCK_DGRAM);
    libc.bind(receiver, address);
    const sender = libc.socket(AF_UNIX, SOCK_DGRAM);
    libc.connect(sender, address);
    opened.push(receiver, sender);
    const memory = Buffer.alloc(1 << 20);
    let taken = 0;
    const take = (bytes: number): number => {
      const at = taken;
      taken += (bytes + 63) & ~63;
      return at;
    };
    const slots = new ReceiveSlots(libc, BATCH, 1024, take, () => memory);
    const { counters } = new ControlWord(makeControlBuffer());
    const credentials = new CredentialSlots(libc, slots.vector, counters);
    slots.credentials = credentials;
    const out = new MessageVector(libc, 1);
    /** Sends a byte, with descriptors when they are given. */
    const send = (fds: readonly number[] = []): void => {
      const bytes = Buffer.from('x');
      const control = Buffer.alloc(16 + 4 * Math.max(fds.length, 1));
      control.writeBigUInt64LE(BigInt(16 + 4 * fds.length), 0);
      control.writeInt32LE(SOL_SOCKET, 8);
      control.writeInt32LE(SCM_RIGHTS, 12);
      for (const [i, fd] of fds.entries()) control.writeInt32LE(fd, 16 + 4 * i);
      out.setBuffer(0, libc.address(bytes), 1);
      out.setControl(0, fds.length === 0 ? 0 : libc.address(control), fds.length === 0 ? 0 : control.length);
      expect(libc.sendmmsg(sender, out.headers, 1, 0)).toBe(1);
    };
    const receive = (): number => slots.receive(receiver, MSG_DONTWAIT);
    return { libc, receiver, credentials, counters, send, receive };
  };

  it('tells who sent each message while somebody wants to know', () => {
    const { receiver, credentials, send, receive } = open();
    send();
    expect([credentials.isOn, receive()]).toEqual([false, 1]);
    credentials.want('origin', true, [receiver]);
    credentials.want('capture', true, [receiver]);
    credentials.want('capture', false, [receiver]);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) send();
      expect(receive()).toBe(3);
      expect([0, 1, 2].map((i) => [credentials.pid(i), credentials.uid(i), credentials.gid(i)])).toEqual(
        Array(3).fill([process.pid, process.getuid?.(), process.getgid?.()]),
      );
      expect(credentials.pidfd(0)).toBeUndefined();
    }
    credentials.want('origin', false, [receiver]);
    expect(credentials.isOn).toBe(false);
  });

  it('closes every descriptor it is given: those of processes, and those that a sender passes', () => {
    const { libc, receiver, credentials, counters, send, receive } = open();
    credentials.want('origin', true, [receiver]);
    const pidfds = new PidfdSwitch((isOn) => {
      try {
        libc.setOption(receiver, SOL_SOCKET, SO_PASSPIDFD, isOn ? 1 : 0);
        return true;
      } catch {
        return false;
      }
    });
    const before = openDescriptors();
    for (const passed of [[], [0], [0, 1], [0, 1, 2, 0, 1, 2]]) {
      send(passed);
      send();
      expect(receive()).toBe(2);
      expect([credentials.pid(0), credentials.pid(1)]).toEqual([process.pid, process.pid]);
      const pidfd = credentials.pidfd(1);
      if (!pidfds.isUnsupported) expect(pidfd).toBeGreaterThan(0);
      if (pidfd !== undefined) expect(libc.pidfdCgroup(pidfd)).not.toBe(0n);
    }
    credentials.release();
    expect(openDescriptors()).toBe(before);
    // Four fit into the room; the kernel itself closes what does not.
    expect(counters.get('originPassedDescriptors')).toBe(1 + 2 + 4);
    expect(counters.get('originTruncated')).toBeGreaterThanOrEqual(1);
  });
});

describe('PidfdSwitch', () => {
  const start = () => {
    const asked: boolean[] = [];
    return { asked, pidfds: new PidfdSwitch((isOn) => asked.push(isOn) > 0) };
  };

  it('asks while there is little traffic, and while processes are gone when they are looked up', () => {
    const { asked, pidfds } = start();
    pidfds.count(900, 0);
    expect(pidfds.isOn).toBe(true);
    pidfds.count(200, 50);
    expect(pidfds.isOn).toBe(false);
    pidfds.count(10, 100);
    expect(pidfds.isOn).toBe(false);
    pidfds.missed(150);
    pidfds.count(2000, 160);
    expect(pidfds.isOn).toBe(true);
    pidfds.count(2000, 10_200);
    expect(pidfds.isOn).toBe(false);
    pidfds.count(1, 20_000);
    pidfds.count(1, 20_200);
    expect(pidfds.isOn).toBe(true);
    expect(asked).toEqual([true, false, true, false, true]);
  });

  it('asks no more where the kernel has none', () => {
    const pidfds = new PidfdSwitch(() => false);
    expect([pidfds.isOn, pidfds.isUnsupported]).toEqual([false, true]);
    pidfds.missed(0);
    pidfds.count(1, 0);
    expect(pidfds.isOn).toBe(false);
  });
});
