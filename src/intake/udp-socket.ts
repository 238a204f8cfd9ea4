/**
 * Opens the UDP socket: which address, and what to say when it cannot be had (spec intake §1.2).
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { IPPROTO_IPV6, IPV6_V6ONLY, type Libc, SO_RCVBUF, SOCK_DGRAM, SOL_SOCKET } from './libc.ts';
import { codeOf, ListenError } from './listen-error.ts';
import { AF_INET6, familyOf, sockaddrInet } from './sockaddr.ts';

export interface UdpAddress {
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
export async function resolveUdpHosts(address: UdpAddress): Promise<string[]> {
  if (address.allInterfaces) return ['::', '0.0.0.0'];
  if (isIP(address.host) !== 0) return [address.host];
  try {
    return [(await lookup(address.host)).address];
  } catch (cause) {
    throw new ListenError(
      'ERR_LISTEN_ADDRESS',
      `cannot find the host ${address.host}; set bind_host to an address of this machine`,
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
export async function openUdpSocket(
  libc: Libc,
  address: UdpAddress,
  receiveBuffer: number,
): Promise<OpenSocket> {
  const hosts = await resolveUdpHosts(address);
  let failure: unknown;
  for (const host of hosts) {
    try {
      return bindUdp(libc, host, address.port, receiveBuffer);
    } catch (error) {
      failure = error;
      const noIpv6 = codeOf(error) === 'EAFNOSUPPORT' || codeOf(error) === 'EADDRNOTAVAIL';
      if (!address.allInterfaces || !noIpv6) break;
    }
  }
  throw udpListenError(failure, hosts[0] as string, address.port);
}

function bindUdp(libc: Libc, host: string, port: number, receiveBuffer: number): OpenSocket {
  const sockaddr = sockaddrInet(host, port);
  const fd = libc.socket(familyOf(sockaddr), SOCK_DGRAM);
  try {
    if (familyOf(sockaddr) === AF_INET6) libc.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, host === '::' ? 0 : 1);
    libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer > 0 ? receiveBuffer : RECEIVE_BUFFER_BYTES);
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

/** What a failure to bind means to the person who started the server. */
export function udpListenError(cause: unknown, host: string, port: number): ListenError {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new ListenError(
        'ERR_LISTEN_IN_USE',
        `UDP port ${port} of ${host} is already in use; stop the other server or set dogstatsd_port`,
        cause,
      );
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        'ERR_LISTEN_DENIED',
        `not allowed to listen on UDP port ${port}; set dogstatsd_port to 1024 or above`,
        cause,
      );
    default:
      return new ListenError(
        'ERR_LISTEN_ADDRESS',
        `cannot listen on ${host}, UDP port ${port} (${cause instanceof Error ? cause.message : cause}); set bind_host to an address of this machine`,
        cause,
      );
  }
}
