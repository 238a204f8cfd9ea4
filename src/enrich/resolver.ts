/**
 * The cold path as the core calls it: one line, everything that has to be done for it.
 *
 *   line ─▶ parse ─▶ decide ─▶ context ─▶ slot ─▶ install (so that the next one is a hit)
 *             │         │                   └───▶ add this line's samples
 *             │         └ filtered: install "drop"
 *             └ rejected: count, report a sample · event, check: report
 *
 * Every line has one outcome, which is counted once: the ledger (docs/ledger.md) rests on it. A line whose sender is not
 * known yet may wait (shard/waiting-lines.ts) and has its outcome when it goes on.
 *
 * Runs on the listener thread, within a call from the core. Never throws: a failure is a bug, counted, and
 * costs the line. Reads no clock and no socket.
 */

import { CONTEXT_TYPES } from '../model/context.ts';
import { NO_SLOT, OP_COUNTER, OP_DROP, OP_TIMESTAMPED } from '../model/core-border.ts';
import type {
  EventMessage,
  ParsedMetric,
  ParseResult,
  Rejection,
  ServiceCheckMessage,
} from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import type { ContextLimits } from '../model/views/cardinality.ts';
import {
  type MessageOutcome,
  rejectionOutcome,
  type ShardCounters,
} from '../telemetry/counters/shard-counters.ts';
import { ContextSlots, type SlotCore, type SlotSink } from './context-slots.ts';
import { type DecideSettings, decideMessage, decideMetric, overflowHost } from './decide.ts';
import { type PacketOrigin, UNKNOWN_SENDER } from './enrich.ts';
import { type LineCore, parseInMemory } from './line-in-memory.ts';
import { RelativeGauges } from './relative-gauges.ts';
import type { EnrichSettings } from './settings.ts';
import { originKey } from './tags/origin-key.ts';
import type { Tagger } from './tags/tagger.ts';

const NO_COPY = -1;

/** The core, as far as the resolver uses it. */
export interface ResolverCore extends SlotCore, LineCore {
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
  /** A line, or its beginning and what comes behind a field that is left out. */
  readonly parse: (line: ByteString, rest?: ByteString) => ParseResult;
  readonly settings: EnrichSettings;
  readonly limits: ContextLimits;
  readonly tagger: Tagger;
  readonly counters: ShardCounters;
  readonly sink: ResolverSink;
  /** What the sockets told about origin `number`; 0 is always an unknown sender. */
  readonly senderOf?: (origin: number) => PacketOrigin;
  /** Keeps a line for later, because what is known of its sender is not all; false when it goes on. */
  readonly hold?: (
    message: AnyMessage,
    sender: PacketOrigin,
    line: () => ByteString,
    origin: number,
  ) => boolean;
}

type AnyMessage = ParsedMetric | EventMessage | ServiceCheckMessage;

export class Resolver {
  private readonly options: ResolverOptions;
  private readonly gauges: RelativeGauges;
  private settings: DecideSettings;
  /** The line of resolve(), and its text. One function for all lines: nearly none is asked for its text. */
  private linePtr = 0;
  private lineBytes = 0;
  private readonly lineInMemory = (): ByteString =>
    this.options.core.bytes.toString('latin1', this.linePtr, this.linePtr + this.lineBytes);
  /** The slots of contexts; the shard says which of them are free again. */
  readonly slots: ContextSlots;

  constructor(options: ResolverOptions) {
    const { core, scratchPtr, limits, sink, counters, settings } = options;
    this.options = options;
    this.settings = { enrich: settings, tagger: options.tagger, limits };
    this.gauges = new RelativeGauges(() => counters.add('relativeGaugesForgotten'));
    const onNew = (): void => counters.add('newContexts');
    this.slots = new ContextSlots({ core, scratchPtr, limits, sink, onNew }, overflowHost(settings));
  }

  /**
   * Takes new settings, between two packets. Lines the core knows still stand for what the old settings made
   * of them, so the caller makes it forget them all.
   */
  use(settings: EnrichSettings, tagger: Tagger): void {
    this.settings = { enrich: settings, tagger, limits: this.options.limits };
    this.slots.useHost(overflowHost(settings));
  }

  /** Handles the line at `ptr` of the shard's memory, whose tag field is at `tags`, of 0 bytes when the core found none. */
  resolve(ptr: number, length: number, origin: number, tags = 0, tagsBytes = 0): void {
    const { core, parse } = this.options;
    this.linePtr = ptr;
    this.lineBytes = length;
    let outcome: MessageOutcome | undefined;
    try {
      const message = parseInMemory(core, ptr, length, tags, tagsBytes, parse);
      outcome = this.handle(message, this.lineInMemory, origin);
    } catch {
      outcome = 'resolverFailures';
    }
    this.count(outcome);
  }

  /** Handles a line that was kept for later, whether or not more is known now. */
  resolveKept(line: ByteString, origin: number, mayHold: boolean): void {
    let outcome: MessageOutcome | undefined;
    try {
      outcome = this.handle(this.options.parse(line), () => line, origin, mayHold);
    } catch {
      outcome = 'resolverFailures';
    }
    this.count(outcome);
  }

  /** Counts the outcome of one line; nothing when it was kept for later. */
  private count(outcome: MessageOutcome | undefined): void {
    if (outcome !== undefined) this.options.counters.add(outcome);
  }

  private handle(
    message: ParseResult,
    line: () => ByteString,
    origin: number,
    mayHold = true,
  ): MessageOutcome | undefined {
    const { sink, hold } = this.options;
    if (message.kind === 'error') {
      sink.rejected(message, line());
      return rejectionOutcome(message);
    }
    const sender = this.senderOf(origin);
    if (mayHold && hold?.(message, sender, line, origin) === true) return undefined;
    switch (message.kind) {
      case 'metric':
        return this.resolveMetric(message, sender);
      case 'event':
        return sink.event(this.enriched(message, sender)) === false ? 'eventsDropped' : 'events';
      case 'service_check':
        return sink.serviceCheck(this.enriched(message, sender)) === false
          ? 'serviceChecksDropped'
          : 'serviceChecks';
    }
  }

  private resolveMetric(message: ParsedMetric, sender: PacketOrigin): MessageOutcome {
    const { core, counters } = this.options;
    const { tagger } = this.settings;
    tagger.beginLine?.();
    const { outcome, line, context, copy, orderFree } = decideMetric(message, sender, this.settings);
    if (line === undefined) {
      core.install(NO_SLOT, OP_DROP, NO_COPY, orderFree, false);
      return outcome;
    }
    const origin = this.slots.countsOrigins ? originKey(line.origin) : '';
    let isOver = false;
    let copySlot = NO_SLOT;
    if (copy !== undefined) ({ slot: copySlot, isOver } = this.slots.slotOf(copy, origin));
    const isWhole = copy === undefined || copySlot !== NO_SLOT;
    if (context === undefined) {
      this.addCopies(message, copySlot);
      return outcome;
    }
    const { slot, isOver: isOverItself } = this.slots.slotOf(context, origin);
    if (slot === NO_SLOT) return 'memoryFullMessages';
    if (!isWhole) counters.add('memoryFullCopies', message.values.length);
    const op = context.context.timestamped ? OP_TIMESTAMPED : OP_COUNTER + CONTEXT_TYPES.indexOf(line.type);
    if (message.relative !== undefined && line.type === 'gauge' && op !== OP_TIMESTAMPED) {
      // Not cached: the core does not know what the value was before.
      this.addRelative(message, context.text.sorted, slot, op);
      return outcome;
    }
    // A line whose copy found no memory is not cached, so that every copy that is lost is counted.
    if (isWhole) {
      core.install(slot, op, copy === undefined ? NO_COPY : copySlot, orderFree, isOver || isOverItself);
      tagger.noteSlot?.(slot);
    }
    if (line.type === 'set') {
      this.addElement(slot, message.setValue);
      return outcome;
    }
    // By index: an iterator would be one more object for the garbage collector in this place.
    const { values } = message;
    for (let i = 0; i < values.length; i++)
      core.addSample(slot, op, values[i] as number, line.sampleRate, line.timestamp);
    this.addCopies(message, copySlot);
    return outcome;
  }

  private addRelative({ values, relative }: ParsedMetric, text: ByteString, slot: number, op: number): void {
    values.forEach((value, i) => {
      const now = this.gauges.apply(text, value, relative?.[i] === true);
      this.options.core.addSample(slot, op, now, 1, 0);
    });
  }

  private addCopies(message: ParsedMetric, copySlot: number): void {
    if (copySlot === NO_SLOT) return;
    const op = OP_COUNTER + CONTEXT_TYPES.indexOf('distribution');
    for (const value of message.values)
      this.options.core.addSample(copySlot, op, value, message.sampleRate, message.timestamp);
  }

  private addElement(slot: number, element: ByteString): void {
    const { core, scratchPtr } = this.options;
    core.bytes.write(element, scratchPtr, 'latin1');
    core.addElement(slot, scratchPtr, element.length);
  }

  private enriched<T extends EventMessage | ServiceCheckMessage>(message: T, sender: PacketOrigin): T {
    const decision = decideMessage(message, sender, this.settings);
    return { ...decision.message, tags: decision.tags };
  }

  private senderOf(origin: number): PacketOrigin {
    return this.options.senderOf?.(origin) ?? UNKNOWN_SENDER;
  }
}
