/**
 * Sends every packet on to another DogStatsD server, unchanged, as it is received and before it is processed
 * (docs/behaviour/listeners.md#forwarding). One for each listener thread.
 *
 *   receive ─▶ add, add, … ─▶ flush ──sendmmsg──▶ connected UDP socket ─▶ target
 *                 └ where they lie: nothing is copied              never waits
 *
 * Packets are borrowed from add() to flush(). Receiving is never slowed: what the kernel does not take at once
 * fails, with the reason counted, and a target that refuses costs a few calls a batch. Failed packets are not tried
 * again; they are processed here all the same.
 *
 * Sent means that the kernel took it. A machine where no one listens answers later, if at all, and the kernel
 * tells instead of taking some packet after that: such an answer is counted as a refusal, and the packet tried again.
 *
 * Memory   one vector of 64 messages, 5 KiB. The kernel's send buffer holds what the device is behind with.
 * Cut      of a packet that the kernel cut on receipt the whole lines are sent: half a number would be a
 *          wrong one at the target.
 */

import { isIPv6 } from 'node:net';
import { LF } from '../../model/core-border.ts';
import type { ForwardFailure } from '../../telemetry/counters/forward-counters.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  EMSGSIZE,
  ENOBUFS,
  type Libc,
  MSG_DONTWAIT,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';
import { familyOf, sockaddrInet } from '../system/sockaddr.ts';

const BATCH_MESSAGES = 64;
/** Refusals that one flush gets over before it gives the rest up. */
const REFUSALS_MAX = 2;
/** What the socket asks for; the kernel gives at most net.core.wmem_max. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
/** Least time between two sockets, ms. */
const RECONNECT_MS = 1000;

/** The most a UDP datagram carries: 65,535 with its own header, and with IPv4's where that counts too. */
export const FORWARD_BYTES_MAX = { ipv4: 65_507, ipv6: 65_527 } as const;

/** An address, never a name. */
export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
}

export interface PacketForwarder {
  /** Hot path. A packet at `ptr` of the shard's memory. Borrowed until flush(). */
  add(ptr: number, length: number, truncated: boolean): void;
  /** Hot path. Sends what was added. */
  flush(): void;
  /** Sends to `target` from now on; undefined while its name has no address. */
  aim(target: ForwardTarget | undefined): void;
  close(): void;
}

export interface ForwarderOptions {
  readonly libc: Libc;
  /** The shard's memory; shared, so that it stays where it is. */
  readonly memory: () => Buffer;
  readonly counters: ShardCounters;
}

/** Length of the whole lines in a packet that was cut. */
export function wholeLines(memory: Buffer, ptr: number, length: number): number {
  let end = ptr + length;
  while (end > ptr && memory[end - 1] !== LF) end--;
  return end - ptr;
}

export class BatchPacketForwarder implements PacketForwarder {
  private readonly options: ForwarderOptions;
  private readonly base: number;
  private readonly vector: MessageVector;
  /** Addresses of the messages, made once: a large number is an object each time it is made. */
  private readonly headers: readonly bigint[];
  private held = 0;
  private target: ForwardTarget | undefined;
  private bytesMax = 0;
  private fd = -1;
  private reconnectAt = 0;

  constructor(options: ForwarderOptions) {
    this.options = options;
    this.base = options.libc.address(options.memory());
    this.vector = new MessageVector(options.libc, BATCH_MESSAGES);
    this.headers = Array.from({ length: BATCH_MESSAGES }, (_, i) => BigInt(this.vector.headerAt(i)));
  }

  aim(target: ForwardTarget | undefined): void {
    this.close();
    this.target = target;
    this.bytesMax = FORWARD_BYTES_MAX[isIPv6(target?.host ?? '') ? 'ipv6' : 'ipv4'];
    this.reconnectAt = 0;
    this.connect();
  }

  add(ptr: number, length: number, truncated: boolean): void {
    const kept = truncated ? wholeLines(this.options.memory(), ptr, length) : length;
    if (truncated && kept === 0) this.fail('truncated', 1);
    else if (this.target === undefined) this.fail('unresolved', 1);
    else if (kept > this.bytesMax) this.fail('too_long', 1);
    else {
      this.vector.setBuffer(this.held++, this.base + ptr, kept);
      if (this.held === BATCH_MESSAGES) this.flush();
    }
  }

  flush(): void {
    const count = this.held;
    this.held = 0;
    if (count === 0) return;
    if (this.fd < 0 && !this.connect()) this.fail('unreachable', count);
    else this.send(count);
  }

  close(): void {
    if (this.fd >= 0) this.options.libc.close(this.fd);
    this.fd = -1;
  }

  /** Sends the first `count` messages of the vector, or says why not. */
  private send(count: number): void {
    const { libc, counters } = this.options;
    let next = 0;
    let refusals = 0;
    let stoppedHalfWay = false;
    while (next < count && refusals <= REFUSALS_MAX) {
      const sent = libc.sendmmsg(this.fd, this.headers[next] as bigint, count - next, MSG_DONTWAIT);
      if (sent > 0) {
        // Stopped half-way, the kernel keeps the reason to itself. It is gone now, as only a refusal is.
        if (stoppedHalfWay) refusals++;
        this.countSent(next, sent);
        next += sent;
        stoppedHalfWay = next < count;
        continue;
      }
      stoppedHalfWay = false;
      if (sent === -ECONNREFUSED) {
        refusals++;
      } else if (sent === -EMSGSIZE) {
        this.fail('too_long', 1);
        next++;
      } else {
        this.failRest(-sent, count - next);
        next = count;
      }
    }
    if (refusals > 0) counters.add('forwardRefusals', refusals);
    if (next < count) this.fail('refused', count - next);
  }

  private failRest(errno: number, packets: number): void {
    const isFull = errno === EAGAIN || errno === ENOBUFS;
    this.fail(isFull ? 'would_block' : 'unreachable', packets);
    if (!isFull) this.findWay();
  }

  private countSent(first: number, count: number): void {
    const { counters } = this.options;
    let bytes = 0;
    for (let i = first; i < first + count; i++) bytes += this.vector.length(i);
    counters.add('forwardedPackets', count);
    counters.add('forwardedBytes', bytes);
  }

  private fail(reason: ForwardFailure, packets: number): void {
    this.options.counters.add(`forward:${reason}`, packets);
  }

  /** A connected socket keeps the source address it began with; when that is gone a new one finds the way. */
  private findWay(): void {
    if (performance.now() < this.reconnectAt) return;
    this.close();
    this.connect();
  }

  private connect(): boolean {
    const { libc } = this.options;
    const now = performance.now();
    if (this.target === undefined || now < this.reconnectAt) return false;
    this.reconnectAt = now + RECONNECT_MS;
    const sockaddr = sockaddrInet(this.target.host, this.target.port);
    try {
      this.fd = libc.socket(familyOf(sockaddr), SOCK_DGRAM);
      libc.setOption(this.fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
      libc.connect(this.fd, sockaddr);
      return true;
    } catch {
      this.close();
      return false;
    }
  }
}
