/**
 * Sends packets on where no system calls can be made: the PacketForwarder over node:dgram.
 *
 * Each packet is copied, since Node may send it later. What Node has not sent yet is bounded; beyond that packets fail as
 * they would at a full socket.
 *
 * Thread  a listener thread whose event loop runs.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ForwardFailure } from '../../telemetry/counters/forward-counters.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import { codeOf } from '../sockets/listen-error.ts';
import {
  FORWARD_BYTES_MAX,
  type ForwardTarget,
  type PacketForwarder,
  wholeLines,
} from './packet-forwarder.ts';

/** Packets Node may hold unsent. */
const UNSENT_MAX = 1024;

const REASONS: Readonly<Record<string, ForwardFailure>> = {
  ECONNREFUSED: 'refused',
  EMSGSIZE: 'too_long',
  EAGAIN: 'would_block',
  ENOBUFS: 'would_block',
};

type Family = 'udp4' | 'udp6';

export class PortablePacketForwarder implements PacketForwarder {
  private readonly memory: () => Buffer;
  private readonly counters: ShardCounters;
  private readonly sockets = new Map<Family, Socket>();
  private target: ForwardTarget | undefined;
  private unsent = 0;
  private isClosing = false;

  constructor(memory: () => Buffer, counters: ShardCounters) {
    this.memory = memory;
    this.counters = counters;
  }

  aim(target: ForwardTarget | undefined): void {
    this.target = target;
  }

  add(ptr: number, length: number, truncated: boolean): void {
    const memory = this.memory();
    const target = this.target;
    const kept = truncated ? wholeLines(memory, ptr, length) : length;
    if (truncated && kept === 0) this.fail('truncated');
    else if (target === undefined) this.fail('unresolved');
    else if (kept > FORWARD_BYTES_MAX[isIPv6(target.host) ? 'ipv6' : 'ipv4']) this.fail('too_long');
    else if (this.unsent >= UNSENT_MAX) this.fail('would_block');
    else this.send(Buffer.from(memory.subarray(ptr, ptr + kept)), target);
  }

  /** Node has them already. */
  flush(): void {}

  /** Closes once everything is sent. */
  close(): void {
    this.isClosing = true;
    if (this.unsent > 0) return;
    for (const socket of this.sockets.values()) socket.close();
    this.sockets.clear();
  }

  private send(packet: Buffer, { host, port }: ForwardTarget): void {
    this.setUnsent(this.unsent + 1);
    this.socketFor(isIPv6(host) ? 'udp6' : 'udp4').send(packet, port, host, (error) => {
      this.setUnsent(this.unsent - 1);
      if (error) this.fail(REASONS[codeOf(error)] ?? 'unreachable');
      else {
        this.counters.add('forwardedPackets');
        this.counters.add('forwardedBytes', packet.length);
      }
      if (this.isClosing) this.close();
    });
  }

  private socketFor(family: Family): Socket {
    let socket = this.sockets.get(family);
    if (socket === undefined) {
      socket = createSocket(family);
      // Each failed send is heard by itself; without this, one would end the thread.
      socket.on('error', () => undefined);
      this.sockets.set(family, socket);
    }
    return socket;
  }

  private setUnsent(packets: number): void {
    this.unsent = packets;
    this.counters.set('forwardUnsentPackets', packets);
  }

  private fail(reason: ForwardFailure): void {
    this.counters.add(`forward:${reason}`);
  }
}
