/**
 * Ends the inflow of a socket and leaves what the kernel has accepted to be read: nothing is lost between the last read
 * and the close, and senders learn at once that nobody takes what they send from now on.
 *
 *   Unix datagram   SHUT_RD             senders get EPIPE; the queue stays readable
 *   Unix listening  SHUT_RD             who connects gets ECONNREFUSED; who waits can be accepted
 *   UDP             connect to itself   the kernel finds no socket for other senders: ICMP, ECONNREFUSED
 *   TCP listening   a filter that drops who connects waits, until the close refuses him; who waits can be accepted
 *   Unix stream     SHUT_RD             the client gets EPIPE
 *   TCP connection  a filter, SHUT_RD   what the client sends is not acknowledged any more; the close resets it
 *
 * Everyone who has a descriptor of the socket is affected, so none of this is done to a socket that another server has, or
 * that systemd keeps. SHUT_RD would not do for TCP: on a listening socket it throws away who waits, and on a connection the
 * kernel goes on acknowledging what nobody will read.
 */
import {
  IPPROTO_TCP,
  type Libc,
  POLLERR,
  POLLRDHUP,
  SHUT_RD,
  SO_ATTACH_FILTER,
  SO_LINGER,
  SOL_SOCKET,
  TCP_INFO,
} from './libc.ts';
import { sockaddrInet } from './sockaddr.ts';

/** struct sock_filter { code u16, jt u8, jf u8, k u32 }: BPF_RET | BPF_K, 0 bytes of the packet. */
const DROP_ALL = Uint8Array.of(0x06, 0, 0, 0, 0, 0, 0, 0);
const PROGRAM_BYTES = 16;
/** States of TCP, the first byte of TCP_INFO, that a FIN of the client leads to: CLOSE_WAIT, LAST_ACK. A reset leads to 7. */
const ENDED_STATES: readonly number[] = [8, 9];
/** struct linger { on i32, seconds i32 }: close resets. */
const LINGER_RESET = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** Lets nothing more into a datagram socket; false when that cannot be had, and it goes on receiving. */
export function stopDatagrams(libc: Libc, fd: number): boolean {
  return attempt(() => {
    const name = libc.getSocketName(fd);
    if (name.family === 'unix') return libc.shutdown(fd, SHUT_RD);
    // A socket that is bound to all addresses takes from the connection the one it reaches itself at.
    const host = name.host === '::' ? '::1' : name.host === '0.0.0.0' ? '127.0.0.1' : name.host;
    return attempt(() => libc.connect(fd, sockaddrInet(host, name.port))) || dropAll(libc, fd);
  });
}

/** Lets nobody connect any more; who has connected can still be accepted. False when that cannot be had. */
export function stopConnecting(libc: Libc, fd: number): boolean {
  return attempt(() =>
    libc.getSocketName(fd).family === 'unix' ? libc.shutdown(fd, SHUT_RD) : dropAll(libc, fd),
  );
}

/** Lets nothing more in on a connection; what has come is read to an end. */
export function stopConnection(libc: Libc, fd: number): void {
  attempt(() => libc.getSocketName(fd).family !== 'unix' && dropAll(libc, fd));
  libc.shutdown(fd, SHUT_RD);
}

/**
 * Whether the client has ended its side in order; what it sent before may still be unread. To be asked before our side ends.
 * Node does not tell a reset from an end where bytes came right before it (libuv takes POLLHUP for the end).
 */
export function hasPeerEnded(libc: Libc, fd: number): boolean {
  return attempt(() => {
    if (libc.getSocketName(fd).family !== 'unix')
      return ENDED_STATES.includes(libc.getOption(fd, IPPROTO_TCP, TCP_INFO) & 0xff);
    const events = libc.poll(fd, POLLRDHUP);
    return events > 0 && (events & POLLRDHUP) !== 0 && (events & POLLERR) === 0;
  });
}

/** Has the close of a TCP connection tell the client so at once, although a filter keeps its packets away. */
export function dropOnClose(libc: Libc, fd: number): void {
  attempt(() => {
    if (libc.getSocketName(fd).family !== 'unix')
      libc.setOptionBytes(fd, SOL_SOCKET, SO_LINGER, LINGER_RESET);
  });
}

function dropAll(libc: Libc, fd: number): boolean {
  // struct sock_fprog { count u16, padding, address of the filter u64 }
  const program = new DataView(new ArrayBuffer(PROGRAM_BYTES));
  program.setUint16(0, 1, true);
  program.setBigUint64(8, BigInt(libc.address(DROP_ALL)), true);
  return attempt(() => libc.setOptionBytes(fd, SOL_SOCKET, SO_ATTACH_FILTER, new Uint8Array(program.buffer)));
}

/** False when it throws or says false. */
function attempt(call: () => unknown): boolean {
  try {
    return call() !== false;
  } catch {
    return false;
  }
}
