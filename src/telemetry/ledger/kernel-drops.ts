/**
 * What the kernel drops for a socket, as a count that only grows. The kernel's own has 32 bits and wraps, and is not 0 for
 * a socket that was handed over.
 */
const WRAP = 2 ** 32;

export interface SocketMemory {
  /** Datagrams dropped, as the kernel counts: 32 bits, since the socket was made. */
  readonly drops: number;
  /** Memory of what waits in the kernel, bytes; more than the datagrams' own length. */
  readonly queuedBytes: number;
  /** Where the kernel begins to drop, bytes; 0 when unknown. */
  readonly limitBytes: number;
  readonly source: 'so_meminfo' | 'proc_net_udp';
}

/** A socket of a listener. */
export interface WatchedSocket {
  readonly kind: string;
  /** Address or path. */
  readonly name: string;
  /** What the kernel holds and has dropped for it; absent or undefined where the system does not tell. */
  readonly socketMemory?: () => SocketMemory | undefined;
  /** What the kernel had dropped before the socket became ours. */
  readonly dropsBefore?: number;
}

/** How many datagrams were dropped, however often the kernel's count wraps. */
export class DropCount {
  total = 0;
  private last: number;

  /** `before` is the kernel's count when the socket became ours: not 0 for one that was handed over. */
  constructor(before = 0) {
    this.last = before;
  }

  /** Takes the kernel's count. */
  accept(drops: number): void {
    this.total += (drops - this.last + WRAP) % WRAP;
    this.last = drops;
  }
}
