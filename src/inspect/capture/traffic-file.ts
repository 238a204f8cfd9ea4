/**
 * Recorded traffic in a file, or on standard input.
 *
 *   const file = new TrafficFile('day.dog');
 *   const state = await file.readState();      a first pass: the tags are at the end of a capture
 *   const traffic = await file.open();         the second
 *
 * Standard input, and a pipe by its name, can be read once, so their captures have no tags; what they would have had is
 * known at their end.
 */
import { createReadStream, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { TaggerState } from './tagger-state.ts';
import { isRecording, openTraffic, type Traffic, type TrafficOptions } from './traffic.ts';

const PIECE_BYTES = 64 * 1024;
const HEAD_BYTES = 4096;

export interface TrafficFileOptions extends TrafficOptions {
  /** In place of the process's own. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** The file cannot be read. */
export class TrafficFileError extends Error {
  override readonly name = 'TrafficFileError';
  readonly code = 'ERR_CAPTURE_UNREADABLE';
}

export class TrafficFile {
  readonly path: string;
  /** Bytes of the file; 0 for standard input. */
  sizeBytes = 0;
  /** How many of them the pass under way has read. */
  readBytes = 0;
  private readonly options: TrafficFileOptions;

  /** `-` is standard input. */
  constructor(path: string, options: TrafficFileOptions = {}) {
    this.path = path;
    this.options = options;
  }

  get isStdin(): boolean {
    return this.path === '-';
  }

  /** Whether it can be read once only. Throws TrafficFileError. */
  async isPipe(): Promise<boolean> {
    if (this.isStdin) return true;
    return !(await this.look()).isFile();
  }

  /** Whether it is a recording, and not lines; a pipe does not say before it is read. Throws TrafficFileError. */
  async isRecording(): Promise<boolean> {
    return isRecording(await this.head());
  }

  /** Begins to read. Throws TrafficFileError, CaptureFormatError. */
  open(): Promise<Traffic> {
    return this.begin(this.options);
  }

  private async begin(options: TrafficFileOptions): Promise<Traffic> {
    if (!this.isStdin) await this.head();
    this.readBytes = 0;
    const source: AsyncIterable<Uint8Array> = this.isStdin
      ? (this.options.stdin ?? process.stdin)
      : createReadStream(this.path, { highWaterMark: PIECE_BYTES });
    return await openTraffic(this.counted(source), options);
  }

  /** Reads the file once for the tags at its end; undefined when it has none. */
  async readState(): Promise<TaggerState | undefined> {
    if (await this.isPipe()) return undefined;
    const traffic = await this.begin({ ...this.options, stateOnly: true });
    if (traffic.kind !== 'capture') return undefined;
    for await (const _ of traffic.batches);
    return traffic.facts().state;
  }

  private async *counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      this.readBytes += piece.length;
      yield piece;
    }
  }

  private async head(): Promise<Uint8Array> {
    const stats = await this.look();
    this.sizeBytes = stats.size;
    if (!stats.isFile()) return new Uint8Array(0);
    return await this.explained(async () => {
      const file = await open(this.path, 'r');
      try {
        const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    });
  }

  private async look(): Promise<Stats> {
    const stats = await this.explained(() => stat(this.path));
    if (stats.isDirectory()) throw new TrafficFileError(`${this.path} is a directory`);
    return stats;
  }

  private async explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
      throw new TrafficFileError(`${this.path} ${why}`, { cause });
    }
  }
}
