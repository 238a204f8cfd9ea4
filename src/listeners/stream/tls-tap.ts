/**
 * The bytes of a connection between the socket and TLS, so that one thing can be told which Node does not: whether the
 * client said goodbye.
 *
 *   socket ──bytes──▶ TlsTap ──bytes──▶ TLS ──text──▶ connection
 *     end ──────────▶ looks whether TLS has ended by then, which it does at a close_notify ──▶ end
 *
 * A connection that ends without a close_notify was cut, by whomever: anyone on the way can end TCP. Its last line may be
 * half a line (RFC 8446, section 6.1).
 *
 * Memory  what Node buffers of a socket, twice while TLS is slower than the network.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export class TlsTap extends Duplex {
  /** The TLS above, once its handshake is done. */
  above: TLSSocket | undefined;
  /** Why there is no TLS; undefined where nobody said. */
  failure: string | undefined;
  private readonly socket: Socket;
  private isCut = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    // All bytes have been given to TLS by now, and the end not yet.
    this.once('end', () => {
      this.isCut = !hasEnded(this.above);
    });
  }

  /** Whether the end of the text was said by the client, and not by the end of the bytes below. */
  get endsInOrder(): boolean {
    return !this.isCut;
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}

/** The tap that a TLS socket speaks through. */
export function tapOf(socket: TLSSocket): TlsTap | undefined {
  const handle = (socket as { readonly _handle?: { readonly _parentWrap?: { readonly stream?: unknown } } })
    ._handle;
  const stream = handle?._parentWrap?.stream;
  return stream instanceof TlsTap ? stream : undefined;
}

/** Whether a stream has come to its end, although it may not have told so yet. */
function hasEnded(socket: TLSSocket | undefined): boolean {
  const state = (socket as { readonly _readableState?: { readonly ended?: boolean } } | undefined)
    ?._readableState;
  return state?.ended === true;
}
