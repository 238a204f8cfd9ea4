/** Who is at the other end of a connection: the process of a Unix socket, the address of TCP. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ConnectionPeer } from '../../model/connection.ts';
import type { Libc } from './libc.ts';

/** Asks the system once, right after the connection came: the process may be gone later. Never throws. */
export function describePeer(
  isTcp: boolean,
  socket: Socket,
  fd: number | undefined,
  libc: Libc | undefined,
): ConnectionPeer {
  if (isTcp) {
    const { remoteAddress: host, remotePort: port } = socket;
    if (host === undefined) return {};
    return { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
  }
  if (libc === undefined || fd === undefined) return {};
  try {
    const { pid, uid, gid } = libc.peerCredentials(fd);
    const command = commandOf(pid);
    return { pid, uid, gid, ...(command === undefined ? {} : { command }) };
  } catch {
    return {};
  }
}

/** What a process calls itself; undefined when it is gone, or of a container whose processes are not seen here. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd();
  } catch {
    return undefined;
  }
}
