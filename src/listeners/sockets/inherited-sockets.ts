/**
 * Sockets that systemd has opened for this process (socket activation), by its protocol of three variables:
 *
 *   LISTEN_PID=812  LISTEN_FDS=2  LISTEN_FDNAMES=udp:unixgram     descriptors 3 and 4
 *
 * The sockets belong to whoever opened them: at stop they are closed here, and stay open there; files are neither removed
 * nor given other permissions. What arrives while no server runs waits in them.
 *
 * Thread  the control thread, at start. The variables are taken out of the environment, so that no program which this
 *         one starts takes them for its own.
 */

import type { Libc } from '../system/libc.ts';
import { adoptSocket, type GivenSocket } from './adopt-socket.ts';
import { ListenError } from './listen-error.ts';
import type { OpenListener } from './open-listener.ts';
import type { ListenOptions } from './open-listeners.ts';
import { watchKeptFile } from './watched-file.ts';

const FIRST_FD = 3;
const KEPT_REMEDY =
  'the socket belongs to whoever passed it on; restart the socket unit (systemctl restart NAME.socket) to have its file made again';
/** More sockets than anyone has units for. */
const SOCKETS_MAX = 64;

/** What the variables say; empty when they are not for process `pid`. Removes them. Throws ListenError. */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): GivenSocket[] {
  const { LISTEN_PID: forPid, LISTEN_FDS: fds = '', LISTEN_FDNAMES: names = '' } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (forPid === undefined || Number(forPid) !== pid) return [];
  const count = /^\d+$/.test(fds) ? Number(fds) : Number.NaN;
  if (!(count <= SOCKETS_MAX)) {
    throw new ListenError(
      'ERR_LISTEN_INHERITED',
      `LISTEN_FDS is ${JSON.stringify(fds)}; it has to be the number of sockets, at most ${SOCKETS_MAX}`,
    );
  }
  const labels = names.split(':');
  return Array.from({ length: count }, (_, i) => {
    const label = labels[i] ?? '';
    const fd = FIRST_FD + i;
    return { fd, label, origin: `inherited descriptor ${fd}${label === '' ? '' : ` (${label})`}` };
  });
}

/** Makes listeners of them, of one kind as many as there are. Throws ListenError. */
export function openInherited(
  libc: Libc | undefined,
  sockets: readonly GivenSocket[],
  options: ListenOptions,
): OpenListener[] {
  if (sockets.length === 0) return [];
  if (libc === undefined) {
    throw new ListenError(
      'ERR_LISTEN_UNSUPPORTED',
      'inherited sockets (LISTEN_FDS) need Linux and the koffi package; turn listeners.portable off',
    );
  }
  return sockets.map((socket) => asBorrowed(adoptSocket(libc, socket, options)));
}

/** A listener whose socket stays with whoever opened it: what it holds when we stop waits there. */
export function asBorrowed(listener: OpenListener): OpenListener {
  return {
    ...listener,
    inherited: true,
    ...(listener.name.startsWith('/') && { look: watchKeptFile(listener.name, KEPT_REMEDY) }),
    listener:
      'socket' in listener.listener || listener.listener.kind === 'datagram'
        ? { ...listener.listener, borrowed: true }
        : listener.listener,
  };
}
