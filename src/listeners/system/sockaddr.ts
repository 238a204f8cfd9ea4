/**
 * Socket addresses as the kernel takes and gives them: struct sockaddr of IPv4, IPv6 and Unix sockets.
 *
 *   127.0.0.1, 8125 ─▶ bytes for bind() and connect()          bytes of getsockname() ─▶ SocketName
 *
 * Pure: bytes in memory of their own. What is not an address throws TypeError or RangeError.
 */
import { isIPv4, isIPv6 } from 'node:net';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** The longest address getsockname can answer with: sockaddr_storage. */
export const SOCKADDR_BYTES_MAX = 128;

/** sun_path is 108 bytes and ends with a zero byte. */
const UNIX_PATH_BYTES_MAX = 107;

export type SocketName =
  | { readonly family: 'inet' | 'inet6'; readonly host: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: string };

// sockaddr_in:  family u16 | port u16, big endian | address 4 bytes | zeros to 16 bytes
export function sockaddrInet4(host: string, port: number): Uint8Array {
  if (!isIPv4(host)) throw new TypeError(`not an IPv4 address: ${host}`);
  const sockaddr = new Uint8Array(16);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port, false);
  sockaddr.set(host.split('.').map(Number), 4);
  return sockaddr;
}

// sockaddr_in6:  family u16 | port u16, big endian | flow u32 | address 16 bytes | scope u32
export function sockaddrInet6(host: string, port: number): Uint8Array {
  if (!isIPv6(host) || host.includes('%')) throw new TypeError(`not an IPv6 address without zone: ${host}`);
  const sockaddr = new Uint8Array(28);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port, false);
  // The URL parser writes every IPv6 address in hexadecimal groups with at most one `::`.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  before.forEach((group, i) => {
    view.setUint16(8 + 2 * i, Number.parseInt(group, 16), false);
  });
  after.forEach((group, i) => {
    view.setUint16(24 - 2 * (after.length - i), Number.parseInt(group, 16), false);
  });
  return sockaddr;
}

/** IPv4 or IPv6, by the look of `host`. */
export function sockaddrInet(host: string, port: number): Uint8Array {
  return isIPv6(host) ? sockaddrInet6(host, port) : sockaddrInet4(host, port);
}

/** The address family a sockaddr was made for. */
export function familyOf(sockaddr: Uint8Array): number {
  return new DataView(sockaddr.buffer, sockaddr.byteOffset).getUint16(0, true);
}

// sockaddr_un:  family u16 | path, then a zero byte
//               family u16 | zero byte, then the name to the end     `@name`: abstract, without a file
export function sockaddrUnix(path: string): Uint8Array {
  const bytes = Buffer.from(path, 'utf8');
  const abstract = path.startsWith('@');
  if (bytes.length === 0 || bytes.includes(0))
    throw new TypeError('a Unix socket needs a path without zero bytes');
  if (bytes.length > UNIX_PATH_BYTES_MAX) {
    throw new RangeError(
      `Unix socket path of ${bytes.length} bytes, at most ${UNIX_PATH_BYTES_MAX} fit: ${path}`,
    );
  }
  const sockaddr = new Uint8Array(2 + bytes.length + (abstract ? 0 : 1));
  new DataView(sockaddr.buffer).setUint16(0, AF_UNIX, true);
  sockaddr.set(bytes, 2);
  if (abstract) sockaddr[2] = 0;
  return sockaddr;
}

/** Reads what getsockname wrote. */
export function decodeSockaddr(sockaddr: Uint8Array): SocketName {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.length);
  const family = sockaddr.length < 2 ? 0 : view.getUint16(0, true);
  if (family === AF_INET) {
    return { family: 'inet', host: sockaddr.subarray(4, 8).join('.'), port: view.getUint16(2, false) };
  }
  if (family === AF_INET6) {
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i, false).toString(16));
    const host = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
    return { family: 'inet6', host, port: view.getUint16(2, false) };
  }
  if (family === AF_UNIX) {
    const name = Buffer.from(sockaddr.subarray(2));
    if (name.length > 1 && name[0] === 0) return { family: 'unix', path: `@${name.toString('utf8', 1)}` };
    const end = name.indexOf(0);
    return { family: 'unix', path: name.toString('utf8', 0, end < 0 ? name.length : end) };
  }
  throw new TypeError(`address family ${family} is not one this server opens`);
}
