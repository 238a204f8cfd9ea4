/** A capture into a stream: a file, or the answer to a request. */
import type { Writable } from 'node:stream';
import type { CaptureSink } from './capture-service.ts';

export class FileSink implements CaptureSink {
  private readonly stream: Writable;
  private isBroken = false;
  /** Resolves when the stream is closed, whether all of it was written or not. */
  readonly closed: Promise<void>;

  /** `onError` hears of the first error; what comes after it is thrown away. */
  constructor(stream: Writable, onError: (error: Error) => void) {
    this.stream = stream;
    this.closed = new Promise((resolve) => stream.once('close', resolve));
    stream.once('error', (error) => {
      this.isBroken = true;
      onError(error);
    });
  }

  get pendingBytes(): number {
    return this.isBroken ? 0 : this.stream.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (!this.isBroken) this.stream.write(bytes);
  }

  end(): void {
    if (!this.isBroken) this.stream.end();
  }
}
