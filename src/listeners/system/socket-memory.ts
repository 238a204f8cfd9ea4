/**
 * What the kernel holds and has dropped for a datagram socket.
 *
 *   SO_MEMINFO     0          4       …  32
 *                  │queued u32│limit u32│ … │drops u32 │      struct of nine words, since Linux 4.12
 *   /proc/net/udp  sl local_address rem_address st tx_queue:rx_queue … inode ref pointer drops
 *
 * The kernel counts a datagram as dropped when its socket's receive buffer is full, or its checksum wrong. So over
 * the loopback, sent = received + dropped + still queued. On a Unix datagram socket a sender waits or is refused
 * instead, and nothing is dropped.
 *
 * Thread  the control thread, which keeps the descriptors open.
 * Limits  the kernel's count has 32 bits and wraps; DropCount (telemetry/ledger/kernel-drops.ts) adds up the differences.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { SocketMemory } from '../../telemetry/ledger/kernel-drops.ts';
import { type Libc, SO_MEMINFO, SOL_SOCKET } from './libc.ts';

const WORD = { queued: 0, limit: 1, drops: 8 } as const;
const UDP_TABLES = ['/proc/net/udp', '/proc/net/udp6'] as const;

/** Reads one socket; undefined where the system does not tell. Never throws. */
export type ReadSocketMemory = () => SocketMemory | undefined;

/** Reads a descriptor of this process, from the socket itself or, where that is refused, from the table of UDP sockets. */
export function socketMemoryOf(libc: Libc, fd: number): ReadSocketMemory {
  return () => readOption(libc, fd) ?? readTable((row) => row.inode === inodeOf(fd));
}

/** Reads the socket of this process that is bound to a UDP port. */
export function udpSocketMemory(port: number): ReadSocketMemory {
  let inode = 0;
  return () => {
    if (inode === 0) {
      const own = ownInodes();
      inode = findRow((row) => row.port === port && own.has(row.inode))?.inode ?? 0;
    }
    return inode === 0 ? undefined : readTable((row) => row.inode === inode);
  };
}

function readOption(libc: Libc, fd: number): SocketMemory | undefined {
  try {
    const words = libc.getWords(fd, SOL_SOCKET, SO_MEMINFO);
    const drops = words[WORD.drops];
    if (drops === undefined) return undefined;
    return {
      drops,
      queuedBytes: words[WORD.queued] ?? 0,
      limitBytes: words[WORD.limit] ?? 0,
      source: 'so_meminfo',
    };
  } catch {
    return undefined;
  }
}

interface UdpRow {
  readonly port: number;
  readonly queuedBytes: number;
  readonly inode: number;
  readonly drops: number;
}

function readTable(isIt: (row: UdpRow) => boolean): SocketMemory | undefined {
  const row = findRow(isIt);
  if (row === undefined) return undefined;
  return { drops: row.drops, queuedBytes: row.queuedBytes, limitBytes: 0, source: 'proc_net_udp' };
}

function findRow(isIt: (row: UdpRow) => boolean): UdpRow | undefined {
  for (const path of UDP_TABLES) {
    try {
      const found = parseUdpTable(readFileSync(path, 'latin1')).find(isIt);
      if (found !== undefined) return found;
    } catch {
      // No such table here: no IPv6, or not Linux.
    }
  }
  return undefined;
}

// 12: 0100007F:1FBD 00000000:0000 07 00000000:00000300 00:00000000 00000000  1000   0 31337 2 ffff… 42
/** Rows of /proc/net/udp. Exported for tests. */
export function parseUdpTable(text: string): UdpRow[] {
  const rows: UdpRow[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, port = ''] = (fields[1] ?? '').split(':');
    const [, queued = ''] = (fields[4] ?? '').split(':');
    if (fields.length < 13) continue;
    rows.push({
      port: Number.parseInt(port, 16),
      queuedBytes: Number.parseInt(queued, 16),
      inode: Number(fields[9]),
      drops: Number(fields[12]) >>> 0,
    });
  }
  return rows;
}

/** Inode of the socket behind a descriptor; 0 when it is none. */
function inodeOf(fd: number | string): number {
  try {
    return Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function ownInodes(): Set<number> {
  try {
    return new Set(readdirSync('/proc/self/fd').map(inodeOf));
  } catch {
    return new Set();
  }
}
