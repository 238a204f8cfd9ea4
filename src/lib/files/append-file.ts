/**
 * A file that lines are appended to, without ever waiting for the disk.
 *
 *   append(text), appendLines(thing) ──▶ │ batch │ batch │ batch (open) │ ──one write at a time──▶ file
 *
 * Memory   at most queueBytesMax of text waits, in batches of about 256 KiB (line-bytes.ts). With nothing to write, none.
 * Full     append() returns false and keeps nothing.
 * Failure  a write that fails (disk full, I/O error) is tried again at the next flush(), from the byte
 *          where it stopped, so that no line is torn or written twice. Meanwhile text queues up.
 * Rotation reopen() continues in a new file under the same path, at the start of a line. Each flush() looks whether the
 *          path still leads to the open file, and reopens it when somebody removed or renamed it.
 * Opening  never waits: a named pipe needs a reader, and one whose reader is slow is tried again every PIPE_MS. What is no
 *          file, pipe or device is refused (lib/plain-file.ts).
 * Items    the caller says how many things a text stands for; they come back in what was not written.
 */
import { constants, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineBytes } from './line-bytes.ts';
import { openPlainFile } from './plain-file.ts';

const BATCH_BYTES = 256 * 1024;
/** The last line of a batch may be longer than what is left of it. */
const BUFFER_BYTES = BATCH_BYTES + 16 * 1024;
const FILE_MODE = 0o640;
const PIPE_MS = 20;

/** What is needed of a file; node's FileHandle has it. */
export interface AppendHandle {
  write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }>;
  close(): Promise<void>;
  /** Without it nobody looks whether the file is still in its place. */
  stat?(): Promise<Stats>;
}

export interface AppendFileOptions {
  readonly path: string;
  readonly queueBytesMax: number;
  /** Hears when writing starts to fail and when it works again (undefined). */
  onState?(error: Error | undefined): void;
  /** Hears that the file was removed or renamed, and that a new one is written to. */
  onMoved?(): void;
  /** How to open the file; for tests. */
  openFile?(path: string): Promise<AppendHandle>;
}

interface Batch {
  bytes: Buffer;
  items: number;
  written: number;
}

export class AppendFile {
  private readonly options: AppendFileOptions;
  private handle: AppendHandle;
  private readonly lines = new LineBytes(BUFFER_BYTES);
  private lineItems = 0;
  /** Sealed batches, the first being written. */
  private readonly batches: Batch[] = [];
  private _queuedBytes = 0;
  private failed = false;
  /** True while the last thing told was that writing fails. */
  private saidFailing = false;
  private reopenWanted = false;
  private lookWanted = false;
  private closing = false;
  /** The deadline of the stop has passed. */
  private isGivenUp = false;
  private run: Promise<void> | undefined;
  writtenItems = 0;
  writeErrors = 0;

  private constructor(options: AppendFileOptions, handle: AppendHandle) {
    this.options = options;
    this.handle = handle;
  }

  /** Opens the file for appending, and creates it. Rejects with the error of the system. */
  static async open(options: AppendFileOptions): Promise<AppendFile> {
    return new AppendFile(options, await openAt(options));
  }

  get queuedBytes(): number {
    return this._queuedBytes;
  }

  /** Things that wait to be written. */
  get queuedItems(): number {
    return this.batches.reduce((sum, batch) => sum + batch.items, this.lineItems);
  }

  /** Queues whole lines that stand for `items` things; false when there is no room. */
  append(text: string, items: number): boolean {
    this.lines.discard();
    this.lines.text(text);
    return this.keep(items);
  }

  /** The same for lines that `write` makes of a thing. */
  appendLines<Thing>(thing: Thing, write: (lines: LineBytes, thing: Thing) => void, items: number): boolean {
    // One that threw has left a part.
    this.lines.discard();
    write(this.lines, thing);
    return this.keep(items);
  }

  /** Why nothing can be written now. */
  failing: Error | undefined;

  /** Looks whether the file is in its place, and writes what is queued; also tries again what failed. */
  flush(): void {
    this.seal();
    this.failed = false;
    this.lookWanted = true;
    this.start();
  }

  /** Continues in the file that has the path by now, for log rotation. */
  reopen(): void {
    this.reopenWanted = true;
    this.failed = false;
    this.start();
  }

  /** Writes what it can within `deadlineMs`, then closes. Never rejects. Returns the items not written. */
  async close(deadlineMs: number): Promise<number> {
    this.closing = true;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    // A run under way may just have failed; one more try covers what it left.
    await Promise.race([deadline, this.run]);
    this.flush();
    await Promise.race([deadline, this.run]);
    const left = this.queuedItems;
    this.isGivenUp = true;
    // After the deadline a write may hang in the kernel; waiting for close() would hang with it.
    await Promise.race([deadline, this.handle.close().catch(() => {})]);
    clearTimeout(timer);
    return left;
  }

  private keep(items: number): boolean {
    const { lines } = this;
    const bytes = lines.openLength;
    if (this.closing || this._queuedBytes + bytes > this.options.queueBytesMax) {
      lines.discard();
      return false;
    }
    lines.keep();
    this.lineItems += items;
    this._queuedBytes += bytes;
    if (lines.length >= BATCH_BYTES) {
      this.seal();
      if (!this.failed) this.start();
    }
    return true;
  }

  private seal(): void {
    this.lines.discard();
    const { length } = this.lines;
    if (this.lineItems === 0 && length === 0) return;
    const bytes = this.lines.take();
    // A byte that is not UTF-8 has become three.
    this._queuedBytes += bytes.length - length;
    this.batches.push({ bytes, items: this.lineItems, written: 0 });
    this.lineItems = 0;
  }

  private start(): void {
    if (this.run !== undefined) return;
    if (this.batches.length === 0 && !this.reopenWanted && !this.lookWanted) return;
    this.run = this.work().finally(() => {
      this.run = undefined;
    });
  }

  private async work(): Promise<void> {
    try {
      await this.look();
      if (this.reopenWanted) await this.swapHandle();
      for (let batch = this.batches[0]; batch !== undefined; batch = this.batches[0]) {
        await this.writeBatch(batch);
        this.batches.shift();
        this._queuedBytes -= batch.bytes.length;
        this.writtenItems += batch.items;
        this.lines.giveBack(batch.bytes);
        if (this.reopenWanted) await this.swapHandle();
      }
      this.lines.trim();
      if (this.saidFailing) this.say(undefined);
    } catch (error) {
      this.failed = true;
      this.writeErrors++;
      if (!this.saidFailing) this.say(error as Error);
    }
  }

  private say(error: Error | undefined): void {
    this.saidFailing = error !== undefined;
    this.failing = error;
    this.options.onState?.(error);
  }

  /** Whether the path leads to something else by now, or to nothing. */
  private async look(): Promise<void> {
    if (!this.lookWanted) return;
    this.lookWanted = false;
    const opened = await this.handle.stat?.();
    if (opened === undefined) return;
    const there = await stat(this.options.path).catch(() => undefined);
    if (there !== undefined && there.ino === opened.ino && there.dev === opened.dev) return;
    this.reopenWanted = true;
    await this.swapHandle();
    this.options.onMoved?.();
  }

  private async writeBatch(batch: Batch): Promise<void> {
    while (batch.written < batch.bytes.length) {
      const bytesWritten = await this.writeOnce(batch);
      if (bytesWritten === 0) throw new Error('the file takes no more bytes');
      batch.written += bytesWritten;
    }
  }

  /** Waits while a pipe is full, which costs its reader's time and nobody else's. */
  private async writeOnce({ bytes, written }: Batch): Promise<number> {
    for (;;) {
      try {
        const answer = await this.handle.write(bytes, written, bytes.length - written);
        return answer.bytesWritten;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || this.isGivenUp) throw error;
      }
      await sleep(PIPE_MS);
    }
  }

  private async swapHandle(): Promise<void> {
    const next = await openAt(this.options);
    const old = this.handle;
    this.handle = next;
    this.reopenWanted = false;
    // A line that is half in the old file starts again in the new one.
    const batch = this.batches[0];
    if (batch !== undefined && batch.written > 0 && batch.written < batch.bytes.length) {
      batch.written = batch.bytes.lastIndexOf(10, batch.written - 1) + 1;
    }
    await old.close().catch(() => {});
  }
}

async function openAt({ path, openFile }: AppendFileOptions): Promise<AppendHandle> {
  if (openFile !== undefined) return openFile(path);
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  return openPlainFile(path, O_WRONLY | O_APPEND | O_CREAT, {
    mode: FILE_MODE,
    accepts: (stats) => stats.isFIFO() || stats.isCharacterDevice(),
  });
}
