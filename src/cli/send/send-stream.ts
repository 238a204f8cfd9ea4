/**
 * Packets over a stream, for `whippet send`: frames to a Unix stream socket, lines to TCP.
 *
 *   unixstream:///path   │ length u32 LE │ packet │ …
 *   tcp://host:port      packet LF …
 *
 * Through Node, so it works everywhere; every batch waits until the receiver has room.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { PacketList } from '../../listeners/system/send-batch.ts';
import { LF } from '../../model/core-border.ts';

export type StreamDestination =
  | { readonly kind: 'unixstream'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export const HEADER_BYTES = 4;

/** Reads `unixstream:///path` or `tcp://host:port`; undefined for anything else. */
export function parseStreamDestination(text: string): StreamDestination | undefined {
  const path = /^unixstream:\/\/(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unixstream', path };
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/[\]]+):(\d{1,5})\/?$/.exec(text);
  const port = Number(tcp?.[2] ?? 0);
  if (!tcp || port < 1 || port > 65_535) return undefined;
  return { kind: 'tcp', host: (tcp[1] as string).replace(/^\[|\]$/g, ''), port };
}

/** The text parseStreamDestination() reads. */
export function formatStreamDestination(destination: StreamDestination): string {
  if (destination.kind === 'unixstream') return `unixstream://${destination.path}`;
  const { host, port } = destination;
  return host.includes(':') ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`;
}

export class StreamSender {
  packets = 0;
  bytes = 0;
  private readonly socket: Socket;
  private readonly isFramed: boolean;
  private error: Error | undefined;

  /** Rejects with the system's error when no one listens. */
  static async open(destination: StreamDestination): Promise<StreamSender> {
    const socket =
      destination.kind === 'tcp' ? connect(destination.port, destination.host) : connect(destination.path);
    await once(socket, 'connect');
    return new StreamSender(socket, destination.kind === 'unixstream');
  }

  private constructor(socket: Socket, isFramed: boolean) {
    this.socket = socket;
    this.isFramed = isFramed;
    socket.on('error', (error) => {
      this.error = error;
    });
    // A server that stops ends its side first.
    socket.resume();
  }

  /** Rejects with the system's error when the connection breaks. */
  async send(packets: PacketList): Promise<void> {
    const bytes = this.isFramed ? asFrames(packets) : asLines(packets);
    await new Promise<void>((resolve, reject) => {
      const broken = (): void => reject(this.error ?? new Error('the connection was closed'));
      this.socket.once('close', broken);
      this.socket.write(bytes, (error) => {
        this.socket.off('close', broken);
        if (error) reject(error);
        else resolve();
      });
    });
    this.packets += packets.lengths.length;
    for (const length of packets.lengths) this.bytes += length;
  }

  /** Ends the stream after everything that was sent. */
  async close(): Promise<void> {
    if (this.socket.destroyed) return;
    await new Promise<void>((resolve) => this.socket.end(resolve));
    this.socket.destroy();
  }
}

/** Each packet behind its length. */
export function asFrames({ bytes, offsets, lengths }: PacketList): Buffer {
  const frames = Buffer.alloc(bytes.length + HEADER_BYTES * lengths.length);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const offset = offsets[i] as number;
    at = frames.writeUInt32LE(length, at);
    frames.set(bytes.subarray(offset, offset + length), at);
    at += length;
  }
  return frames.subarray(0, at);
}

function asLines({ bytes, offsets, lengths }: PacketList): Buffer {
  const lines = Buffer.alloc(bytes.length + lengths.length);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const offset = offsets[i] as number;
    lines.set(bytes.subarray(offset, offset + length), at);
    at += length;
    lines[at++] = LF;
  }
  return lines.subarray(0, at);
}
