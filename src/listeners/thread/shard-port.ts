/**
 * What a listener thread tells the control thread, over its message port (model/shard-message.ts).
 *
 * New contexts travel in batches: they are gathered until there are many, until the thread has finished a
 * batch of packets and has sent none for GATHER_SECONDS, or until something is sent that may refer to them. A thread that
 * has a new context in each of 5,000 batches a second would wake the control thread as often. Rejected lines are sampled:
 * the first few of each reason a bucket are sent for the log, all are counted elsewhere.
 *
 * Memory  a region of the shard's memory in which the texts wait: there the core copies, which is quick.
 * Limits  CONTEXTS_MAX contexts wait here, with TEXTS_BYTES of text; MESSAGES_MAX events and checks are on their way at a time, further
 *         ones are dropped and counted; SAMPLES_MAX lines a reason and bucket, of LINE_BYTES_MAX bytes;
 *         OVER_LIMIT_MAX contexts over a limit a bucket, of OVER_LIMIT_TAGS tags each.
 */
import { assert } from '../../lib/assert.ts';
import { CONTEXT_KEY_WORDS } from '../../model/core-border.ts';
import type { EventMessage, Rejection, ServiceCheckMessage } from '../../model/message.ts';
import type { ShardMessage } from '../../model/shard-message.ts';
import type { ByteString, TextRange } from '../../model/text.ts';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';

const CONTEXTS_MAX = 32;
/** Has room for the longest text of a context (enrich/context-text.ts). */
const TEXTS_BYTES = 131_072;
/** After contexts are sent those of the next batches wait for as long, at least, unless there are many. */
const GATHER_SECONDS = 0.01;
const MESSAGES_MAX = 10_000;
const SAMPLES_MAX = 3;
const LINE_BYTES_MAX = 512;
/** Of the contexts over a limit the first few of each metric are told, and one in so many from then on. */
const OVER_LIMIT_MAX = 1000;
const OVER_LIMIT_FIRST = 32;
const OVER_LIMIT_ONE_IN = 64;
const OVER_LIMIT_TAGS = 64;

/** The core, as far as contexts are reported. */
export interface ReportCore {
  /** The shard's memory. */
  readonly bytes: Uint8Array;
  takeRegion(bytes: number): number;
  copyBytes(from: number, to: number, length: number): void;
  /** Writes the key of the context the core last spoke of. */
  writeContextKey(into: Uint32Array, at: number): void;
}

/** The sending side of a message port. */
export interface ReportPort {
  postMessage(message: ShardMessage, transferred?: ArrayBuffer[]): void;
}

export class ShardPort {
  private readonly port: ReportPort;
  private readonly core: ReportCore;
  private readonly textsPtr: number;
  private readonly slots = new Uint32Array(CONTEXTS_MAX);
  private readonly keys = new Uint32Array(CONTEXTS_MAX * CONTEXT_KEY_WORDS);
  private readonly types = new Uint8Array(CONTEXTS_MAX);
  private readonly limits = new Uint8Array(CONTEXTS_MAX);
  private readonly ends = new Uint32Array(CONTEXTS_MAX);
  /** Contexts that wait. */
  private waiting = 0;
  /** When contexts were last sent at the end of a batch, Unix seconds. */
  private sentAt = Number.NEGATIVE_INFINITY;
  private sources: Record<number, string> | undefined;
  private timings: number[] = [];
  /** How many contexts over a limit the open bucket has met, by limit and metric, and how many were told. */
  private readonly overLimits = new Map<string, number>();
  private overLimitsTold = 0;
  /** How many lines of each reason were sent for the open bucket. */
  private readonly sampled = new Map<string, number>();

  /** Events and checks handed to the port. */
  private messages = 0;
  private readonly control: ControlWord;

  constructor(port: ReportPort, control: ControlWord, core: ReportCore) {
    this.port = port;
    this.control = control;
    this.core = core;
    this.textsPtr = core.takeRegion(TEXTS_BYTES);
  }

  /** The text is in the shard's memory; its key is that of the context the core last spoke of. */
  newContext(
    slot: number,
    type: number,
    text: TextRange,
    limit: number,
    source?: string,
    isTiming?: boolean,
  ): void {
    const length = text.end - text.start;
    assert(length <= TEXTS_BYTES, 'the text of a context fits');
    if (this.textsEnd + length > TEXTS_BYTES) this.sendContexts();
    const { textsEnd } = this;
    const at = this.waiting++;
    this.core.copyBytes(text.start, this.textsPtr + textsEnd, length);
    this.ends[at] = textsEnd + length;
    this.slots[at] = slot;
    this.types[at] = type;
    this.limits[at] = limit;
    this.core.writeContextKey(this.keys, at * CONTEXT_KEY_WORDS);
    if (source !== undefined) this.sources = { ...this.sources, [at]: source };
    if (isTiming === true) this.timings.push(at);
    if (this.waiting === CONTEXTS_MAX) this.sendContexts();
  }

  /** A batch of packets is over at `now`, Unix seconds: sends the contexts that wait, unless some were sent a moment ago. */
  batchOver(now: number): void {
    if (this.waiting === 0) return;
    const since = now - this.sentAt;
    // Below 0 when the clock was set back.
    if (since >= 0 && since < GATHER_SECONDS) return;
    this.sendContexts();
    this.sentAt = now;
  }

  /** Sends the contexts that wait. */
  sendContexts(): void {
    const count = this.waiting;
    if (count === 0) return;
    const texts = new Uint8Array(this.textsEnd);
    texts.set(this.core.bytes.subarray(this.textsPtr, this.textsPtr + texts.length));
    const message: ShardMessage = {
      kind: 'contexts',
      slots: this.slots.slice(0, count),
      keys: this.keys.slice(0, count * CONTEXT_KEY_WORDS),
      types: this.types.slice(0, count),
      limits: this.limits.slice(0, count),
      texts,
      ends: this.ends.slice(0, count),
      ...(this.sources && { sources: this.sources }),
      ...(this.timings.length > 0 && { timings: this.timings }),
    };
    // Handed over: the port would copy them twice more.
    this.port.postMessage(message, [texts.buffer]);
    this.waiting = 0;
    this.sources = undefined;
    this.timings = [];
  }

  overLimit(limit: number, name: ByteString, tags: readonly ByteString[]): void {
    if (this.overLimitsTold >= OVER_LIMIT_MAX) return;
    const key = `${limit} ${name}`;
    const met = this.overLimits.get(key) ?? 0;
    if (met > 0 || this.overLimits.size < OVER_LIMIT_MAX) this.overLimits.set(key, met + 1);
    if (met >= OVER_LIMIT_FIRST && met % OVER_LIMIT_ONE_IN !== 0) return;
    this.overLimitsTold++;
    this.send({ kind: 'over_limit', limit, name, tags: tags.slice(0, OVER_LIMIT_TAGS) });
  }

  /** False when too many are on their way; the same for checks. */
  event(event: EventMessage): false | undefined {
    if (!this.mayPass()) return false;
    this.send({ kind: 'event', event, receivedAt: Date.now() / 1000 });
  }

  serviceCheck(check: ServiceCheckMessage): false | undefined {
    if (!this.mayPass()) return false;
    this.send({ kind: 'service_check', check, receivedAt: Date.now() / 1000 });
  }

  rejected(rejection: Rejection, line: ByteString): void {
    const { messageType, error, at } = rejection;
    const reason = `${messageType}:${error}`;
    const sent = this.sampled.get(reason) ?? 0;
    if (sent >= SAMPLES_MAX) return;
    this.sampled.set(reason, sent + 1);
    this.send({ kind: 'rejected', messageType, error, at, line: line.slice(0, LINE_BYTES_MAX) });
  }

  sealed(bucket: number): void {
    this.sendContexts();
    this.send({ kind: 'sealed', bucket });
  }

  freed(slots: Uint32Array): void {
    this.sendContexts();
    this.send({ kind: 'freed', slots });
  }

  /** A bucket is over, also when it was empty, as it is when only bad lines arrive. */
  passed(start: number): void {
    this.sampled.clear();
    this.overLimits.clear();
    this.overLimitsTold = 0;
    this.sendContexts();
    this.send({ kind: 'passed', start });
  }

  echo(lines: readonly ByteString[], leftOut: number): void {
    this.send({ kind: 'echo', lines, leftOut });
  }

  watched(lines: readonly ByteString[], leftOut: number): void {
    this.send({ kind: 'watched', lines, leftOut });
  }

  /** Everything told before is what was asked for. */
  answered(request: number): void {
    this.sendContexts();
    this.send({ kind: 'answered', request });
  }

  ready(): void {
    this.send({ kind: 'ready' });
  }

  stopped(): void {
    this.sendContexts();
    this.send({ kind: 'stopped' });
  }

  /** Where the texts that wait end. */
  private get textsEnd(): number {
    return this.waiting === 0 ? 0 : (this.ends[this.waiting - 1] as number);
  }

  /** Counts an event or check on its way; false when too many are under way. */
  private mayPass(): boolean {
    // The words are 32 bits wide and may wrap; their difference does not.
    if (((this.messages - this.control.taken) | 0) >= MESSAGES_MAX) return false;
    this.messages = (this.messages + 1) | 0;
    return true;
  }

  private send(message: ShardMessage): void {
    this.port.postMessage(message);
  }
}
