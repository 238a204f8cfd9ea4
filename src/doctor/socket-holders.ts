/**
 * Who holds a port or a Unix socket, from /proc: the tables of sockets say which inode is bound to it, the descriptors of
 * processes say whose that is. Descriptors of other users' processes can be read by root only.
 *
 *   /proc/net/udp   sl  local_address rem_address st … inode        local_address 0100007F:1FBD, port in hexadecimal
 *   /proc/net/unix  Num RefCount Protocol Flags Type St Inode Path
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** `0A` is a listening TCP socket. */
const TCP_LISTEN = '0A';

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** Whether a port is bound, and by whom as far as one may know. */
export interface Held {
  readonly holders: readonly Holder[];
}

/** Undefined when nobody holds the port. `procRoot` is /proc but in tests. */
export function portHolder(protocol: 'udp' | 'tcp', port: number, procRoot = '/proc'): Held | undefined {
  const inodes = [protocol, `${protocol}6`].flatMap((table) =>
    rowsOf(join(procRoot, 'net', table)).flatMap((row) => {
      const [, local = '', , state] = row;
      const isBound = protocol === 'udp' || state === TCP_LISTEN;
      return isBound && Number.parseInt(local.split(':')[1] ?? '', 16) === port ? [row[9] ?? ''] : [];
    }),
  );
  return inodes.length === 0 ? undefined : { holders: findHolders(inodes, procRoot) };
}

/** Undefined when no process has the socket file open. */
export function socketHolder(path: string, procRoot = '/proc'): Held | undefined {
  const inodes = rowsOf(join(procRoot, 'net/unix')).flatMap((row) =>
    row.slice(7).join(' ') === path ? [row[6] ?? ''] : [],
  );
  return inodes.length === 0 ? undefined : { holders: findHolders(inodes, procRoot) };
}

/** `pid 123 (datadog-agent)`. */
export function describeHolders({ holders }: Held): string {
  if (holders.length === 0) return 'a process of another user (root can see which)';
  return holders.map(({ pid, name }) => `pid ${pid} (${name})`).join(', ');
}

function rowsOf(file: string): string[][] {
  try {
    const [, ...lines] = readFileSync(file, 'latin1').split('\n');
    return lines.map((line) => line.trim().split(/\s+/)).filter((row) => row.length > 1);
  } catch {
    return [];
  }
}

function findHolders(inodes: readonly string[], procRoot: string): Holder[] {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return listOf(procRoot)
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) =>
      listOf(join(procRoot, pid, 'fd')).some((fd) => wanted.has(linkOf(join(procRoot, pid, 'fd', fd)))),
    )
    .map((pid) => ({ pid: Number(pid), name: textOf(join(procRoot, pid, 'comm')) || 'unknown' }));
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
