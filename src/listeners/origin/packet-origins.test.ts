import { describe, expect, it } from 'vitest';
import { REPLAY_GID } from '../../model/replay-senders.ts';
import { ProcessResolver } from '../../origin/process/process-resolver.ts';
import { Senders } from '../../shard/senders.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import type { CredentialSlots } from './credential-slots.ts';
import { PacketOrigins } from './packet-origins.ts';

interface Sent {
  readonly pid: number;
  readonly uid?: number;
  readonly gid?: number;
}

const idOf = (number: number): string => number.toString(16).padStart(64, '0');

/** Processes by pid: the container each runs in, and when it started. */
function start(containerOf: (pid: number) => { readonly id: string; readonly startTime?: number }) {
  const clock = { now: 0 };
  const processes = new ProcessResolver({
    ...{ procRoot: '/p', clock: () => clock.now },
    read: (path) => {
      const [, , pid, file] = path.split('/');
      const { id, startTime = 5 } = containerOf(Number(pid));
      return file === 'stat' ? `1 (x) S ${'0 '.repeat(18)}${startTime} 0` : `0::/docker/${id}\n`;
    },
  });
  const senders = new Senders();
  const { counters } = new ControlWord(makeControlBuffer());
  const roots = new Set<number>();
  const origins = new PacketOrigins({
    ...{ processes, senders, counters, clock: () => clock.now },
    isHostRoot: (pid) => roots.has(pid),
  });
  /** The containers that packets of one batch are taken to be from. */
  const take = (sent: readonly Sent[]): string[] => {
    const slots = {
      pid: (i: number) => sent[i]?.pid ?? 0,
      uid: (i: number) => sent[i]?.uid ?? 1000,
      gid: (i: number) => sent[i]?.gid ?? 1000,
      pidfd: () => undefined,
    };
    const into = new Uint32Array(sent.length);
    origins.resolveBatch(0, sent.length, slots as unknown as CredentialSlots, into);
    return [...into].map((number) => senders.senderOf(number).socket.replace('container_id://', ''));
  };
  return { clock, processes, senders, counters, origins, roots, take };
}

describe('PacketOrigins', () => {
  it('keeps nothing of 100,000 processes of an hour but what its tables hold', () => {
    // 100 containers, of which each starts 1,000 short processes; numbers are used again after 32,768.
    const { clock, processes, senders, take } = start((pid) => ({
      id: idOf(pid % 100),
      startTime: clock.now,
    }));
    for (let n = 0; n < 100_000; n += 10) {
      clock.now = n * 36;
      take(Array.from({ length: 10 }, (_, i) => ({ pid: 1 + ((n + i) % 32_768) })));
    }
    expect(processes.cached).toBeLessThanOrEqual(8192);
    expect(processes.counts.lookUps).toBe(100_000);
    expect(senders.count).toBe(100);
    expect([senders.evicted, senders.forgotten]).toEqual([0, 0]);
  });

  it('does not mix senders up when a number is used again', () => {
    let process = { id: idOf(1), startTime: 5 };
    const { clock, take } = start(() => process);
    expect(take([{ pid: 7 }])).toEqual([idOf(1)]);
    process = { id: idOf(2), startTime: 6 };
    clock.now = 1000;
    expect(take([{ pid: 7 }])).toEqual([idOf(2)]);
  });

  describe('during a replay', () => {
    const OWN = idOf(1);
    const CAPTURED = idOf(99);
    const marked = (pid: number, uid = 4711): Sent => ({ pid, uid, gid: REPLAY_GID });
    const senders = new Map([[4711, `container_id://${CAPTURED}`]]);

    it.each<[string, Sent, string]>([
      ['a packet of the process that replays is that of the captured sender', marked(50), CAPTURED],
      ['one of a captured sender that nobody knows has no origin', marked(50, 1), ''],
      ['one of the same process without the mark is its own', { pid: 50, uid: 4711 }, OWN],
      ['one of another process is its own, whatever it claims', marked(51), OWN],
      ["one of the host's root is that of the captured sender", marked(52), CAPTURED],
      ["one of a process that is not seen here is nobody's", marked(0), ''],
    ])('%s', (_, sent, container) => {
      const { origins, roots, take } = start(() => ({ id: OWN }));
      roots.add(52);
      origins.useReplay({ pid: 50, senders });
      expect(take([sent])).toEqual([container]);
      // Beside others of the batch, before and behind.
      expect(take([{ pid: 60 }, sent, { pid: 60 }])).toEqual([OWN, container, OWN]);
    });

    it('those who may not are counted, and nobody may before and after it', () => {
      const { origins, counters, take } = start(() => ({ id: OWN }));
      expect(take([marked(50)])).toEqual([OWN]);
      origins.useReplay({ pid: 50, senders });
      expect(take([marked(51), marked(51), marked(50)])).toEqual([OWN, OWN, CAPTURED]);
      expect(counters.get('originReplayRefused')).toBe(2);
      origins.useReplay(undefined);
      expect(take([marked(50)])).toEqual([OWN]);
      expect(counters.get('originReplayRefused')).toBe(2);
    });
  });
});
