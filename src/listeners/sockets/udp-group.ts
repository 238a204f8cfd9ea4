/**
 * Several UDP sockets at one address, one for each thread that receives: the kernel chooses one by a hash of the client's
 * address and port (SO_REUSEPORT), so the packets of a client stay together, and in order.
 *
 *   first    bound alone: an address that anybody has is refused, whether or not he would share it
 *   others   bound beside it, once it lets sockets of the same user in
 *
 * Where the kernel does not do that, there is the first one only, and the threads share it.
 */
import { type Libc, SO_REUSEPORT, SOL_SOCKET, SystemCallError } from '../system/libc.ts';
import { type OpenSocket, openUdpBeside } from './port-socket.ts';

/** The sockets beside `first`, so that there are `count` with it; none when they cannot be had. */
export function openBeside(
  libc: Libc,
  first: OpenSocket,
  count: number,
  receiveBuffer: number,
): OpenSocket[] {
  const others: OpenSocket[] = [];
  if (count <= 1) return others;
  try {
    libc.setOption(first.fd, SOL_SOCKET, SO_REUSEPORT, 1);
    while (others.length < count - 1) others.push(openUdpBeside(libc, first, receiveBuffer));
    return others;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    for (const { fd } of others) libc.close(fd);
    libc.setOption(first.fd, SOL_SOCKET, SO_REUSEPORT, 0);
    return [];
  }
}
