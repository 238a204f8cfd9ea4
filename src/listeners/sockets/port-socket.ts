/**
 * Opens the sockets that have ports, UDP and TCP: which address, and what to say when it cannot be had (docs/behaviour/listeners.md#addresses).
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import {
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type Libc,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../system/libc.ts';
import { AF_INET6, familyOf, sockaddrInet } from '../system/sockaddr.ts';
import { codeOf, ListenError, limitError, wordsOf } from './listen-error.ts';

/** The keys that name the ports. */
const PORT_KEYS = { UDP: 'dogstatsd_port', TCP: 'dogstatsd_tcp_port' } as const;
export type PortKind = keyof typeof PORT_KEYS;

export interface PortAddress {
  /** Host name or address, from `bind_host`. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** All interfaces, whatever `host` says (`dogstatsd_non_local_traffic`). */
  readonly allInterfaces: boolean;
}

export interface OpenSocket {
  readonly fd: number;
  /** What it listens on, for people and clients: `127.0.0.1:8125`, `[::1]:8125`, a path. */
  readonly name: string;
  /** The port of a UDP socket, else 0. */
  readonly port: number;
  /** Bytes the kernel buffers, as it reports them (twice what was asked for). */
  readonly receiveBufferBytes: number;
}

/** Addresses to try, in order: all interfaces means IPv6 and IPv4 in one socket, or IPv4 where there is no IPv6. */
export async function resolveHosts(address: PortAddress): Promise<string[]> {
  if (address.allInterfaces) return ['::', '0.0.0.0'];
  if (isIP(address.host) !== 0) return [address.host];
  try {
    return [(await lookup(address.host)).address];
  } catch (cause) {
    throw new ListenError(
      'ERR_LISTEN_ADDRESS',
      `cannot find the host ${address.host} (${wordsOf(cause)}); set bind_host to an address of this machine`,
      cause,
    );
  }
}

/**
 * What the socket asks for when the configuration does not say: the kernel gives at most net.core.rmem_max,
 * and even where that is the default of 208 KiB twice as much as without asking. Memory is only used while
 * datagrams wait.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Opens and binds the socket. `receiveBuffer` is SO_RCVBUF in bytes, 0 for as much as is sensible. Throws ListenError. */
export function openUdpSocket(libc: Libc, address: PortAddress, receiveBuffer: number): Promise<OpenSocket> {
  return openPort(libc, address, 'UDP', SOCK_DGRAM, (fd) => setReceiveBuffer(libc, fd, receiveBuffer));
}

/** Opens one more at the address of `other`, which lets it in (SO_REUSEPORT). Throws SystemCallError. */
export function openUdpBeside(libc: Libc, other: OpenSocket, receiveBuffer: number): OpenSocket {
  const bound = libc.getSocketName(other.fd);
  if (bound.family === 'unix') throw new TypeError(`${other.name} has no port`);
  return bindAt(libc, bound.host, bound.port, SOCK_DGRAM, (fd) => {
    libc.setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    setReceiveBuffer(libc, fd, receiveBuffer);
  });
}

function setReceiveBuffer(libc: Libc, fd: number, bytes: number): void {
  libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes > 0 ? bytes : RECEIVE_BUFFER_BYTES);
}

/** Opens a TCP socket that clients can connect to. `receiveBuffer` is for each connection, 0 for the system's own. */
export async function openTcpSocket(
  libc: Libc,
  address: PortAddress,
  receiveBuffer: number,
  backlog: number,
): Promise<OpenSocket> {
  const socket = await openPort(libc, address, 'TCP', SOCK_STREAM, (fd) => {
    // Without this a port whose last connections have just ended could not be had for a minute.
    libc.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (receiveBuffer > 0) libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  });
  try {
    libc.listen(socket.fd, backlog);
  } catch (cause) {
    libc.close(socket.fd);
    throw portListenError(cause, address.host, address.port, 'TCP');
  }
  return socket;
}

async function openPort(
  libc: Libc,
  address: PortAddress,
  kind: PortKind,
  type: number,
  prepare: (fd: number) => void,
): Promise<OpenSocket> {
  const hosts = await resolveHosts(address);
  let failure: unknown;
  for (const host of hosts) {
    try {
      return bindAt(libc, host, address.port, type, prepare);
    } catch (error) {
      failure = error;
      const noIpv6 = codeOf(error) === 'EAFNOSUPPORT' || codeOf(error) === 'EADDRNOTAVAIL';
      if (!address.allInterfaces || !noIpv6) break;
    }
  }
  throw portListenError(failure, hosts[0] as string, address.port, kind);
}

function bindAt(
  libc: Libc,
  host: string,
  port: number,
  type: number,
  prepare: (fd: number) => void,
): OpenSocket {
  const sockaddr = sockaddrInet(host, port);
  const fd = libc.socket(familyOf(sockaddr), type);
  try {
    if (familyOf(sockaddr) === AF_INET6) libc.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, host === '::' ? 0 : 1);
    prepare(fd);
    libc.bind(fd, sockaddr);
    const bound = libc.getSocketName(fd);
    const boundPort = bound.family === 'unix' ? 0 : bound.port;
    return {
      fd,
      name: host.includes(':') ? `[${host}]:${boundPort}` : `${host}:${boundPort}`,
      port: boundPort,
      receiveBufferBytes: libc.getOption(fd, SOL_SOCKET, SO_RCVBUF),
    };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Below this a port takes a right that most processes do not have. */
const FREE_PORTS_START = 1024;

/** What a failure to bind means to the person who started the server: what the code says, where the facts agree. */
export function portListenError(cause: unknown, host: string, port: number, kind: PortKind): ListenError {
  const key = PORT_KEYS[kind];
  const place = `${kind} port ${port} of ${host}`;
  const limit = limitError(cause, place);
  if (limit !== undefined) return limit;
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new ListenError(
        'ERR_LISTEN_IN_USE',
        `${place} is already in use; stop the other server or set ${key}`,
        cause,
      );
    case 'EACCES':
    case 'EPERM': {
      const remedy =
        port > 0 && port < FREE_PORTS_START
          ? `set ${key} to ${FREE_PORTS_START} or above`
          : `a security policy of the system (SELinux, seccomp, a sandbox) may forbid it; allow it or set ${key}`;
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to listen on ${kind} port ${port} (${wordsOf(cause)}); ${remedy}`,
        cause,
      );
    }
    case 'EADDRNOTAVAIL':
      return new ListenError(
        'ERR_LISTEN_ADDRESS',
        `${host} is not an address of this machine (${wordsOf(cause)}); set bind_host to one`,
        cause,
      );
    case 'EAFNOSUPPORT':
      return new ListenError(
        'ERR_LISTEN_ADDRESS',
        `this system has no addresses of the kind of ${host} (${wordsOf(cause)}); set bind_host to one of another kind`,
        cause,
      );
    default:
      return new ListenError(
        'ERR_LISTEN_ADDRESS',
        `cannot listen on ${place} (${wordsOf(cause)}); set bind_host or ${key}`,
        cause,
      );
  }
}
