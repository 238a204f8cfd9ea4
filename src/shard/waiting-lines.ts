/**
 * Lines that wait for the tags of a container that exists and is not known yet, so that tags that come milliseconds late do
 * not make a second context (docs/origin.md#late-tags).
 *
 *   resolver ─line of an unknown container─▶ waits under `container_id://…` ─asked─▶ collector
 *                                                │ its tags come, or it is not found
 *                                                │ WAIT_SECONDS are over, or there is no more room: goes on as it is
 *                                                ▼
 *                                             resolver: with tags, or without
 *
 * A key that brought nothing is not waited for again for GAVE_UP_SECONDS, unless something is learned of it.
 *
 * Thread  that of the shard; it never blocks. Times are of the packets, Unix seconds.
 * Limits  LINES_MAX lines, BYTES_MAX bytes, KEYS_MAX keys; beyond them a line does not wait, counted. GAVE_UP_MAX keys are
 *         remembered as not found; the oldest is forgotten first.
 */
import { type ByteString, detachText } from '../model/text.ts';
import type { ShardCounters } from '../telemetry/counters/shard-counters.ts';

export const WAIT_SECONDS = 1.5;
const GAVE_UP_SECONDS = 60;
const LINES_MAX = 10_000;
const BYTES_MAX = 4 * 1024 * 1024;
const KEYS_MAX = 256;
const GAVE_UP_MAX = 4096;
/** What a line costs beside its text. */
const LINE_BYTES = 96;

export interface WaitingLine {
  readonly line: ByteString;
  /** Number of its sender. */
  readonly origin: number;
  readonly receivedAt: number;
}

export interface WaitingOptions {
  readonly counters: ShardCounters;
  /** Asks whoever may know, once for each key. */
  readonly ask: (key: ByteString) => void;
  readonly linesMax?: number;
  readonly bytesMax?: number;
}

export class WaitingLines {
  private readonly options: WaitingOptions;
  private readonly linesMax: number;
  private readonly bytesMax: number;
  private readonly byKey = new Map<ByteString, WaitingLine[]>();
  /** Until when a key is not waited for. */
  private readonly gaveUp = new Map<ByteString, number>();
  private lines = 0;
  private bytes = 0;

  constructor(options: WaitingOptions) {
    this.options = options;
    this.linesMax = options.linesMax ?? LINES_MAX;
    this.bytesMax = options.bytesMax ?? BYTES_MAX;
  }

  get count(): number {
    return this.lines;
  }

  /** Keeps the line until something is known of the first of `keys` that may still come; false when it need not wait. */
  hold(
    keys: readonly ByteString[],
    line: ByteString,
    origin: number,
    receivedAt: number,
    now: number,
  ): boolean {
    const key = keys.find((one) => !this.isGivenUp(one, now));
    if (key === undefined) return false;
    if (now - receivedAt >= WAIT_SECONDS) return false;
    let lines = this.byKey.get(key);
    const bytes = line.length + LINE_BYTES;
    const isFull = this.lines >= this.linesMax || this.bytes + bytes > this.bytesMax;
    if (isFull || (lines === undefined && this.byKey.size >= KEYS_MAX)) {
      this.options.counters.add('originNoRoom');
      return false;
    }
    if (lines === undefined) {
      lines = [];
      const text = detachText(key);
      this.byKey.set(text, lines);
      this.options.ask(text);
    }
    lines.push({ line, origin, receivedAt });
    this.lines++;
    this.bytes += bytes;
    this.publish();
    return true;
  }

  /** Something is known of the key now: what waited for it, in order. */
  known(key: ByteString): readonly WaitingLine[] {
    this.gaveUp.delete(key);
    const lines = this.take(key);
    if (lines.length > 0) this.options.counters.add('originResolvedLate', lines.length);
    return lines;
  }

  /** Nobody knows the key: what waited for it goes on without. */
  notFound(key: ByteString, now: number): readonly WaitingLine[] {
    const lines = this.take(key);
    if (this.gaveUp.size >= GAVE_UP_MAX) this.gaveUp.delete(this.gaveUp.keys().next().value as ByteString);
    this.gaveUp.set(key, now + GAVE_UP_SECONDS);
    this.options.counters.add('originGaveUp', lines.length);
    return lines;
  }

  /** What has waited for its time; everything when `now` is not finite. */
  overdue(now: number): readonly WaitingLine[] {
    if (this.lines === 0) return [];
    return [...this.byKey].flatMap(([key, [first]]) =>
      first !== undefined && now - first.receivedAt >= WAIT_SECONDS ? this.notFound(key, now) : [],
    );
  }

  private isGivenUp(key: ByteString, now: number): boolean {
    const until = this.gaveUp.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.gaveUp.delete(key);
    return false;
  }

  private take(key: ByteString): readonly WaitingLine[] {
    const lines = this.byKey.get(key);
    if (lines === undefined) return [];
    this.byKey.delete(key);
    this.lines -= lines.length;
    for (const { line } of lines) this.bytes -= line.length + LINE_BYTES;
    this.publish();
    return lines;
  }

  private publish(): void {
    this.options.counters.set('originWaitingMessages', this.lines);
  }
}
