/**
 * The cold path as the core calls it: one line, everything that has to be done for it.
 *
 *   line ─▶ parse ─▶ enrich ─▶ context ─▶ slot ─▶ install (so that the next one is a hit)
 *             │         │                   └───▶ add this line's samples
 *             │         └ filtered: install "drop"
 *             └ rejected: count, report a sample · event, check: report
 *
 * Every line has one fate, which resolve() counts once: the ledger (docs/ledger.md) rests on it.
 *
 * Runs on the intake thread, within a call from the core. Never throws: a failure is a bug, counted, and
 * costs the line. Reads no clock and no socket.
 */
import type { ContextLimits } from '../model/cardinality.ts';
import { CONTEXT_TYPES } from '../model/context.ts';
import type { EventMessage, MetricMessage, Rejection, ServiceCheckMessage } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { type MessageFate, rejectionFate, type ShardCounters } from '../telemetry/shard-counters.ts';
import { ContextSlots, NO_SLOT, type SlotCore, type SlotSink } from './context-slots.ts';
import { messageTags } from './context-tags.ts';
import { enrichLine, enrichMessage, type PacketOrigin, UNKNOWN_SENDER } from './enrich.ts';
import { contextOf, copyContextOf } from './line-context.ts';
import { resolveOriginTags } from './origin.ts';
import { originKey } from './origin-key.ts';
import type { EnrichSettings } from './settings.ts';
import { hasSpecialTag } from './special-tags.ts';
import type { Tagger } from './tagger.ts';

/** What the samples of a line do; the numbers of the core (core/assembly/layout.ts). */
const OP_FIRST = 1;
const OP_TIMESTAMPED = 6;
const OP_DROP = 7;
const NO_COPY = -1;

/** The core, as far as the resolver uses it. */
export interface ResolverCore extends SlotCore {
  install(slot: number, op: number, copySlot: number, orderFree: boolean, sparing: boolean): void;
  addSample(slot: number, op: number, value: number, rate: number, timestamp: number): void;
  addElement(slot: number, ptr: number, length: number): void;
}

/** Whom the resolver tells what is not for the core. */
export interface ResolverSink extends SlotSink {
  /** False when there is no room for it; the same for checks. */
  event(event: EventMessage): false | undefined;
  serviceCheck(check: ServiceCheckMessage): false | undefined;
  rejected(rejection: Rejection, line: ByteString): void;
}

export interface ResolverOptions {
  readonly core: ResolverCore;
  /** RESOLVER_SCRATCH_BYTES of the shard's memory. */
  readonly scratchPtr: number;
  readonly parse: (line: ByteString) => MetricMessage | EventMessage | ServiceCheckMessage | Rejection;
  readonly settings: EnrichSettings;
  readonly limits: ContextLimits;
  readonly tagger: Tagger;
  readonly counters: ShardCounters;
  readonly sink: ResolverSink;
  /** What the sockets told about origin `number`; 0 is always an unknown sender. */
  readonly senderOf?: (origin: number) => PacketOrigin;
}

export class Resolver {
  private readonly options: ResolverOptions;
  private settings: EnrichSettings;
  private tagger: Tagger;
  /** The slots of contexts; the shard says which of them are free again. */
  readonly slots: ContextSlots;

  constructor(options: ResolverOptions) {
    const { core, scratchPtr, limits, sink, counters, settings } = options;
    this.options = options;
    this.settings = settings;
    this.tagger = options.tagger;
    const onNew = (): void => counters.add('newContexts');
    this.slots = new ContextSlots({ core, scratchPtr, limits, sink, onNew }, overflowHost(settings));
  }

  /**
   * Takes new settings, between two packets. Lines the core knows still stand for what the old settings made
   * of them, so the caller makes it forget them all.
   */
  use(settings: EnrichSettings, tagger: Tagger): void {
    this.settings = settings;
    this.tagger = tagger;
    this.slots.useHost(overflowHost(settings));
  }

  /** Handles the line at `ptr` of the shard's memory. */
  resolve(ptr: number, length: number, origin: number): void {
    let fate: MessageFate;
    try {
      fate = this.handle(ptr, length, origin);
    } catch {
      fate = 'resolverFailures';
    }
    this.options.counters.add(fate);
  }

  private handle(ptr: number, length: number, origin: number): MessageFate {
    const { core, parse, sink } = this.options;
    const line = core.bytes.toString('latin1', ptr, ptr + length);
    const message = parse(line);
    switch (message.kind) {
      case 'metric':
        return this.resolveMetric(message, this.senderOf(origin));
      case 'event':
        return sink.event(this.enriched(message, origin)) === false ? 'eventsDropped' : 'events';
      case 'service_check':
        return sink.serviceCheck(this.enriched(message, origin)) === false
          ? 'serviceChecksDropped'
          : 'serviceChecks';
      case 'error':
        sink.rejected(message, line);
        return rejectionFate(message);
    }
  }

  private resolveMetric(message: MetricMessage, sender: PacketOrigin): MessageFate {
    const { core, counters } = this.options;
    const { settings, tagger } = this;
    const line = enrichLine(message, settings, sender);
    const orderFree = !message.tags.some(hasSpecialTag);
    if (line === undefined) {
      core.install(NO_SLOT, OP_DROP, NO_COPY, orderFree, false);
      return 'filteredMetrics';
    }
    const copy = copyContextOf(line, settings, tagger);
    const origin = this.slots.countsOrigins ? originKey(line.origin) : '';
    let isOver = false;
    let copySlot = NO_SLOT;
    if (copy !== undefined) ({ slot: copySlot, isOver } = this.slots.slotOf(copy, origin));
    const isWhole = copy === undefined || copySlot !== NO_SLOT;
    const context = contextOf(line, settings, tagger);
    if (context === undefined) {
      this.addCopies(message, copySlot);
      return 'unsupportedTimestampedMessages';
    }
    const { slot, isOver: isOverItself } = this.slots.slotOf(context, origin);
    if (slot === NO_SLOT) return 'memoryFullMessages';
    if (!isWhole) counters.add('memoryFullCopies', message.values.length);
    const op = context.timestamped ? OP_TIMESTAMPED : OP_FIRST + CONTEXT_TYPES.indexOf(line.type);
    // A line whose copy found no memory is not cached, so that every copy that is lost is counted.
    if (isWhole)
      core.install(slot, op, copy === undefined ? NO_COPY : copySlot, orderFree, isOver || isOverItself);
    if (line.type === 'set') {
      this.addElement(slot, message.setValue);
      return 'metrics';
    }
    for (const value of message.values) core.addSample(slot, op, value, line.sampleRate, line.timestamp);
    this.addCopies(message, copySlot);
    return 'metrics';
  }

  private addCopies(message: MetricMessage, copySlot: number): void {
    if (copySlot === NO_SLOT) return;
    const op = OP_FIRST + CONTEXT_TYPES.indexOf('distribution');
    for (const value of message.values)
      this.options.core.addSample(copySlot, op, value, message.sampleRate, message.timestamp);
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

/** Overflow series belong to the server: a host may be what there are too many of. */
function overflowHost({ hostname, serverless }: EnrichSettings): ByteString {
  return serverless ? '' : hostname;
}
