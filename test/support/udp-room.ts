/**
 * Room in the kernel's buffer of a UDP socket on this machine, so that a test loses nothing on a receiver that the processor
 * has no time for at the moment.
 *
 * By default the kernel holds some 270 small datagrams for a socket and drops the rest; how much time that is depends on
 * what else runs. /proc/net/udp tells how much waits.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseUdpTable } from '../../src/listeners/system/socket-memory.ts';

/** Less than a third of the kernel's default buffer, so that a share more than this still fits. */
export const SHARE_BYTES = 65_536;
/** What the kernel needs beside the bytes of a datagram, generously. */
const OVERHEAD_BYTES = 1024;
const DEADLINE_MS = 60_000;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** What a datagram takes of the buffer, at most. */
export function costOf(bytes: number): number {
  return OVERHEAD_BYTES + 2 * bytes;
}

/** Waits, and lets nothing else of this thread run, until less than a share waits in the sockets bound to `port`. */
export function waitForRoom(port: number): void {
  for (const end = performance.now() + DEADLINE_MS; queuedBytes(port) >= SHARE_BYTES; ) {
    if (performance.now() > end) throw new Error(`nobody takes what was sent to UDP port ${port}`);
    Atomics.wait(sleeper, 0, 0, 1);
  }
}

/** The same while others of this thread go on. */
export async function roomFor(port: number): Promise<void> {
  for (const end = performance.now() + DEADLINE_MS; queuedBytes(port) >= SHARE_BYTES; ) {
    if (performance.now() > end) throw new Error(`nobody takes what was sent to UDP port ${port}`);
    await sleep(1);
  }
}

/** Nobody has the port: 0. */
function queuedBytes(port: number): number {
  let queued = 0;
  for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
    for (const row of rowsOf(table)) if (row.port === port) queued += row.queuedBytes;
  }
  return queued;
}

function rowsOf(table: string): ReturnType<typeof parseUdpTable> {
  try {
    return parseUdpTable(readFileSync(table, 'latin1'));
  } catch {
    // No IPv6, or not Linux: then there is nothing to wait for.
    return [];
  }
}
