/**
 * The cold path as the core calls it: one line, everything that has to be done for it.
 *
 *   line ─▶ parse ─▶ enrich ─▶ context ─▶ slot ─▶ install (so that the next one is a hit)
 *             │         │                   └───▶ add this line's samples
 *             │         └ filtered: install "drop"
 *             └ rejected: count, report a sample · event, check: report
 *
 * Runs on the intake thread, within a call from the core. Never throws: a failure is a bug, counted, and
 * costs the line. Reads no clock and no socket.
 *
 * Memory  one scratch region of the shard's memory, in which the text of a context is written for the core
 *         to hash: name LF host LF tags joined by LF.
 */
import { CONTEXT_TYPES } from '../model/context.ts';
import type { EventMessage, MetricMessage, Rejection, ServiceCheckMessage } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import type { ShardCounters } from '../telemetry/shard-counters.ts';
import { messageTags } from './context-tags.ts';
import { enrichLine, enrichMessage, type PacketOrigin, UNKNOWN_SENDER } from './enrich.ts';
import { contextOf, copyContextOf, type LineContext } from './line-context.ts';
import { resolveOriginTags } from './origin.ts';
import type { EnrichSettings } from './settings.ts';
import { hasSpecialTag } from './special-tags.ts';
import type { Tagger } from './tagger.ts';

/** What the samples of a line do; the numbers of the core (core/assembly/layout.ts). */
const OP_FIRST = 1;
const OP_TIMESTAMPED = 6;
const OP_DROP = 7;
const NO_COPY = -1;
/** Added to a context's variant when the order and repetition of its tags are part of it. */
const ORDERED = 16;

/** The longest context text the scratch region takes; a longer one (tags of the origin) is refused. */
export const CONTEXT_TEXT_BYTES_MAX = 131_072;
/** Bytes the core may read beyond it. */
const SCRATCH_PADDING = 128;
export const RESOLVER_SCRATCH_BYTES = CONTEXT_TEXT_BYTES_MAX + SCRATCH_PADDING;

/** The core, as far as the resolver uses it. */
export interface ResolverCore {
  readonly bytes: Buffer;
  contextSlot(
    ptr: number,
    head: number,
    length: number,
    variant: number,
    ordered: boolean,
  ): { slot: number; isNew: boolean };
  install(slot: number, op: number, copySlot: number, orderFree: boolean): void;
  addSample(slot: number, op: number, value: number, rate: number, timestamp: number): void;
  addElement(slot: number, ptr: number, length: number): void;
}

/** Whom the resolver tells what is not for the core. */
export interface ResolverSink {
  /** A slot now stands for a context; the core knows its key. `type` is an index into CONTEXT_TYPES. */
  newContext(slot: number, type: number, text: ByteString): void;
  event(event: EventMessage): void;
  serviceCheck(check: ServiceCheckMessage): void;
  rejected(rejection: Rejection, line: ByteString): void;
}

export interface ResolverOptions {
  readonly core: ResolverCore;
  /** RESOLVER_SCRATCH_BYTES of the shard's memory. */
  readonly scratchPtr: number;
  readonly parse: (line: ByteString) => MetricMessage | EventMessage | ServiceCheckMessage | Rejection;
  readonly settings: EnrichSettings;
  readonly tagger: Tagger;
  readonly counters: ShardCounters;
  readonly sink: ResolverSink;
  /** What the sockets told about origin `number`; 0 is always an unknown sender. */
  readonly senderOf?: (origin: number) => PacketOrigin;
}

/** Slot of no context: the core's NO_SLOT. */
const NO_SLOT = 0xffffffff;

export class Resolver {
  private readonly options: ResolverOptions;
  private settings: EnrichSettings;
  private tagger: Tagger;

  constructor(options: ResolverOptions) {
    this.options = options;
    this.settings = options.settings;
    this.tagger = options.tagger;
  }

  /**
   * Takes new settings, between two packets. Lines the core knows still stand for what the old settings made
   * of them, so the caller makes it forget them all.
   */
  use(settings: EnrichSettings, tagger: Tagger): void {
    this.settings = settings;
    this.tagger = tagger;
  }

  /** Handles the line at `ptr` of the shard's memory. */
  resolve(ptr: number, length: number, origin: number): void {
    const { core, counters, parse, sink } = this.options;
    try {
      const line = core.bytes.toString('latin1', ptr, ptr + length);
      const message = parse(line);
      switch (message.kind) {
        case 'metric':
          counters.add('metrics');
          this.resolveMetric(message, this.senderOf(origin));
          break;
        case 'event':
          counters.add('events');
          sink.event(this.enriched(message, origin));
          break;
        case 'service_check':
          counters.add('serviceChecks');
          sink.serviceCheck(this.enriched(message, origin));
          break;
        case 'error':
          counters.addRejection(message);
          sink.rejected(message, line);
      }
    } catch {
      counters.add('resolverFailures');
    }
  }

  private resolveMetric(message: MetricMessage, sender: PacketOrigin): void {
    const { core, counters } = this.options;
    const { settings, tagger } = this;
    const line = enrichLine(message, settings, sender);
    const orderFree = !message.tags.some(hasSpecialTag);
    if (line === undefined) {
      counters.add('filteredMetrics');
      core.install(NO_SLOT, OP_DROP, NO_COPY, orderFree);
      return;
    }
    const copy = copyContextOf(line, settings, tagger);
    const copySlot = copy === undefined ? NO_SLOT : this.slotOf(copy);
    const count = Math.max(message.values.length, 1);
    const context = contextOf(line, settings, tagger);
    if (context === undefined) {
      counters.add('unsupportedTimestampedSamples', count);
      this.addCopies(message, copySlot);
      return;
    }
    const slot = this.slotOf(context);
    if (slot === NO_SLOT) {
      counters.add('contextLimitSamples', count);
      return;
    }
    const op = context.timestamped ? OP_TIMESTAMPED : OP_FIRST + CONTEXT_TYPES.indexOf(line.type);
    core.install(slot, op, copySlot === NO_SLOT ? NO_COPY : copySlot, orderFree);
    if (line.type === 'set') {
      this.addElement(slot, message.setValue);
      return;
    }
    for (const value of message.values) core.addSample(slot, op, value, line.sampleRate, line.timestamp);
    this.addCopies(message, copySlot);
  }

  private addCopies(message: MetricMessage, copySlot: number): void {
    if (copySlot === NO_SLOT) return;
    const op = OP_FIRST + CONTEXT_TYPES.indexOf('distribution');
    for (const value of message.values)
      this.options.core.addSample(copySlot, op, value, message.sampleRate, 0);
  }

  /** The slot of a context, made when it is new; NO_SLOT when there is no room for it. */
  private slotOf({ name, type, host, tags, timestamped }: LineContext): number {
    const { core, scratchPtr, counters, sink } = this.options;
    const head = `${name}\n${host}${tags.length === 0 ? '' : '\n'}`;
    const text = head + tags.join('\n');
    if (text.length > CONTEXT_TEXT_BYTES_MAX) return NO_SLOT;
    core.bytes.write(text, scratchPtr, 'latin1');
    const typeIndex = CONTEXT_TYPES.indexOf(type);
    const variant = timestamped ? typeIndex + ORDERED : typeIndex;
    const { slot, isNew } = core.contextSlot(scratchPtr, head.length, text.length, variant, timestamped);
    if (isNew) {
      counters.add('newContexts');
      sink.newContext(slot, typeIndex, text);
    }
    return slot;
  }

  private addElement(slot: number, element: ByteString): void {
    const { core, scratchPtr } = this.options;
    core.bytes.write(element, scratchPtr, 'latin1');
    core.addElement(slot, scratchPtr, element.length);
  }

  private enriched<T extends EventMessage | ServiceCheckMessage>(message: T, origin: number): T {
    const { settings, tagger } = this;
    const enriched = enrichMessage(message, settings, this.senderOf(origin));
    const originTags = resolveOriginTags(enriched.origin, settings.origin, tagger);
    return { ...enriched.message, tags: messageTags(enriched.message.tags, originTags) };
  }

  private senderOf(origin: number): PacketOrigin {
    return this.options.senderOf?.(origin) ?? UNKNOWN_SENDER;
  }
}
