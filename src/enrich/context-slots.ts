/**
 * The slots of a shard's contexts, within the limits on cardinality (model/cardinality.ts).
 *
 *   context ─▶ known? ───────────────────────────────yes─▶ its slot
 *                └─no─▶ within all limits? ──────────yes─▶ a new slot, told to the control thread
 *                          └─no─▶ overflow series of the metric ─▶ its slot, one for each limit and type
 *                                    └ too many names: the one of all metrics
 *
 * Whether a context is over a limit depends on its own text (tags, value bytes), which never changes, or on how
 * many there are (in total, of its metric, of its origin). Those stay used up until a tenth of them is free
 * (lib/budget.ts); then the lines beyond are forgotten, and what they stand for gets series of its own. So a line
 * that is cached and one that never is come to the same.
 *
 * Thread  the listener thread's own, within a call from the core or between two packets.
 * Memory  one scratch region of the shard's memory, in which the text of a context is written for the core to
 *         hash (context-text.ts). Two columns by slot when there are limits per metric and origin.
 */

import { Budget } from '../lib/budget.ts';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import { NO_SLOT, PACKET_PADDING_BYTES, TOO_MANY_TAGS } from '../model/core-border.ts';
import { Tags } from '../model/tags.ts';
import { type ByteString, detachText, type TextRange } from '../model/text.ts';
import {
  CONTEXTS_HARD_MAX,
  type ContextLimits,
  OVER,
  OVERFLOW_NAME,
  OVERFLOW_SERIES_MAX,
  OVERFLOW_TAG,
} from '../model/views/cardinality.ts';
import { CONTEXT_TEXT_BYTES_MAX, ContextText } from './context-text.ts';
import type { DecidedContext } from './decide.ts';
import type { LineContext } from './line-context.ts';

export const RESOLVER_SCRATCH_BYTES = CONTEXT_TEXT_BYTES_MAX + PACKET_PADDING_BYTES;

/** Added to a context's variant when the order and repetition of its tags are part of it. */
const ORDERED = 16;
/** Times the number of a limit, added to the variant of its overflow series. */
const OVERFLOWED = 32;
/** What the samples of a type that no one counts are reported as. */
const NAME_KEY = 'metric name';

/** The core, as far as slots go. */
export interface SlotCore {
  readonly bytes: Buffer;
  contextSlot(
    ptr: number,
    head: number,
    length: number,
    variant: number,
    ordered: boolean,
    mayAdd: boolean,
    written: number,
  ): { slot: number; isNew: boolean; repeats: boolean };
  dropRepeatedTags(ptr: number, head: number, length: number): number;
  forgetLinesOf(slots: readonly number[]): void;
}

export interface SlotSink {
  /**
   * A slot now stands for a context, whose text is borrowed; the core knows its key. `type` is an index into CONTEXT_TYPES, `limit` the
   * number of the limit it is over, `source` the JMX check its samples come from, if they do, `isTiming` whether they
   * came as timings.
   */
  newContext(
    slot: number,
    type: number,
    text: TextRange,
    limit: number,
    source?: string,
    isTiming?: boolean,
  ): void;
  /** A context of the metric is over a limit. Borrowed: copy what you keep. */
  overLimit(limit: number, name: ByteString, tags: readonly ByteString[]): void;
}

export interface ContextSlotsOptions {
  readonly core: SlotCore;
  /** RESOLVER_SCRATCH_BYTES of the shard's memory. */
  readonly scratchPtr: number;
  readonly limits: ContextLimits;
  readonly sink: SlotSink;
  /** Called for each new slot. */
  readonly onNew: () => void;
}

/** Where the samples of a context go. Borrowed: valid until the next one. */
export interface ChosenSlot {
  /** NO_SLOT when the shard's memory is full. */
  slot: number;
  isOver: boolean;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The contexts of one metric or origin. */
interface Share {
  readonly name: ByteString;
  readonly budget: Budget;
}

/** Budgets by name, each as long as it has contexts. */
class Shares {
  private readonly limit: number;
  private readonly byName = new Map<ByteString, Share>();
  private readonly bySlot: (Share | undefined)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  hasRoom(name: ByteString): boolean {
    return this.byName.get(name)?.budget.hasRoom ?? true;
  }

  acquire(slot: number, name: ByteString): void {
    if (this.limit === 0 || name === '') return;
    let share = this.byName.get(name);
    if (share === undefined) {
      share = { name: detachText(name), budget: new Budget(this.limit) };
      this.byName.set(share.name, share);
    }
    share.budget.acquire();
    this.bySlot[slot] = share;
  }

  refuse(name: ByteString): void {
    this.byName.get(name)?.budget.refuse();
  }

  /** The name for which there is room again. */
  give(slot: number): ByteString | undefined {
    const share = this.bySlot[slot];
    if (share === undefined) return undefined;
    this.bySlot[slot] = undefined;
    const hasRoomAgain = share.budget.give();
    if (share.budget.count === 0) this.byName.delete(share.name);
    return hasRoomAgain ? share.name : undefined;
  }
}

export class ContextSlots {
  private readonly options: ContextSlotsOptions;
  /** Host of overflow series: the server's own. */
  private host: ByteString;
  private readonly total: Budget;
  private readonly metrics: Shares;
  private readonly origins: Shares;
  /** Slots of overflow series. */
  private readonly overflows = new Map<number, { readonly limit: number; readonly name: ByteString }>();
  /** Slots whose context is to be told again when it is next seen. */
  private readonly untold = new Set<number>();
  /** Where the text in the scratch region ends: that of the context found last. */
  private textEnd = 0;
  private readonly chosen: ChosenSlot = { slot: NO_SLOT, isOver: false };
  /** The text that is told next. */
  private readonly text: Writable<TextRange> = { bytes: Buffer.alloc(0), start: 0, end: 0 };

  constructor(options: ContextSlotsOptions, host: ByteString) {
    this.options = options;
    this.host = host;
    this.total = new Budget(options.limits.contexts);
    this.metrics = new Shares(options.limits.contextsPerMetric);
    this.origins = new Shares(options.limits.contextsPerOrigin);
  }

  /** Whether origins are counted: then slotOf() wants one. */
  get countsOrigins(): boolean {
    return this.options.limits.contextsPerOrigin > 0;
  }

  useHost(host: ByteString): void {
    this.host = host;
  }

  /** The slot of a context that came from `origin` (origin-key.ts). */
  slotOf({ context, text, limit: ownLimit }: DecidedContext, origin: ByteString): ChosenSlot {
    const { name, type } = context;
    const limit = ownLimit === OVER.none ? this.limitOf(name, origin) : ownLimit;
    if (limit !== OVER.contextBytes) {
      const typeIndex = CONTEXT_TYPES.indexOf(type);
      const variant = text.isOrdered ? typeIndex + ORDERED : typeIndex;
      const { slot, isNew } = this.find(text, variant, this.mayAdd(limit));
      if (slot !== NO_SLOT) {
        if (isNew) this.add(slot, context, origin, limit);
        else if (this.untold.size > 0 && this.untold.delete(slot)) this.notify(slot, typeIndex, OVER.none);
        return this.choose(slot, false);
      }
    }
    return this.overflow(context, origin, limit === OVER.none ? OVER.contexts : limit);
  }

  /** Takes back the slots that the core has freed. */
  free(slots: Iterable<number>): void {
    let inTotal = false;
    let ofOrigin = false;
    const metrics = new Set<ByteString>([OVERFLOW_NAME]);
    for (const slot of slots) {
      this.untold.delete(slot);
      if (this.overflows.delete(slot)) continue;
      if (this.total.give()) inTotal = true;
      const metric = this.metrics.give(slot);
      if (metric !== undefined) metrics.add(metric);
      if (this.origins.give(slot) !== undefined) ofOrigin = true;
    }
    if (!inTotal && !ofOrigin && metrics.size === 1) return;
    const returning = [...this.overflows].filter(
      ([, { limit, name }]) =>
        (limit === OVER.contexts && inTotal) ||
        (limit === OVER.origin && ofOrigin) ||
        (limit === OVER.metric && metrics.has(name)),
    );
    this.options.core.forgetLinesOf(returning.map(([slot]) => slot));
  }

  /** The control thread has room for the contexts of these slots: they are told again when they are next seen. */
  readmit(slots: Iterable<number>): void {
    const list = [...slots];
    for (const slot of list) this.untold.add(slot);
    this.options.core.forgetLinesOf(list);
  }

  /** The number of the limit that one more context of this name and origin would be over. */
  private limitOf(name: ByteString, origin: ByteString): number {
    if (!this.metrics.hasRoom(name)) return OVER.metric;
    if (!this.origins.hasRoom(origin)) return OVER.origin;
    return this.total.hasRoom ? OVER.none : OVER.contexts;
  }

  private mayAdd(limit: number): boolean {
    const { dryRun } = this.options.limits;
    return limit === OVER.none || (dryRun && this.total.count < CONTEXTS_HARD_MAX);
  }

  private add(slot: number, context: LineContext, origin: ByteString, limit: number): void {
    const { name, type, tags, source, isTiming } = context;
    this.refuse(limit, name, origin);
    this.total.acquire();
    this.metrics.acquire(slot, name);
    this.origins.acquire(slot, origin);
    this.notify(slot, CONTEXT_TYPES.indexOf(type), limit, source, isTiming);
    // In a dry run: over the limit, and in a slot of its own.
    if (limit !== OVER.none) this.options.sink.overLimit(limit, name, tags.list);
  }

  private overflow({ name, type, tags }: LineContext, origin: ByteString, limit: number): ChosenSlot {
    const { sink } = this.options;
    this.refuse(limit, name, origin);
    const own = this.overflowSlot(name, type, limit);
    if (own !== NO_SLOT) {
      sink.overLimit(limit, name, tags.list);
      return this.choose(own, true);
    }
    const shared = this.overflowSlot(OVERFLOW_NAME, type, limit);
    if (shared !== NO_SLOT) sink.overLimit(limit, OVERFLOW_NAME, [`${NAME_KEY}:${name}`]);
    return this.choose(shared, true);
  }

  private overflowSlot(name: ByteString, type: ContextType, limit: number): number {
    const text = new ContextText(name, this.host, Tags.of([OVERFLOW_TAG]).distinct());
    if (text.isTooLong) return NO_SLOT;
    const typeIndex = CONTEXT_TYPES.indexOf(type);
    const mayAdd = name === OVERFLOW_NAME || this.overflows.size < OVERFLOW_SERIES_MAX;
    const { slot, isNew } = this.find(text, typeIndex + OVERFLOWED * limit, mayAdd);
    if (isNew) {
      this.overflows.set(slot, { limit, name: detachText(name) });
      this.notify(slot, typeIndex, limit);
    }
    return slot;
  }

  private refuse(limit: number, name: ByteString, origin: ByteString): void {
    if (limit === OVER.contexts) this.total.refuse();
    else if (limit === OVER.metric) this.metrics.refuse(name);
    else if (limit === OVER.origin) this.origins.refuse(origin);
  }

  private find(text: ContextText, variant: number, mayAdd: boolean) {
    const { core, scratchPtr } = this.options;
    const { headBytes, isOrdered } = text;
    let length = text.write(core.bytes, scratchPtr);
    let found = core.contextSlot(
      scratchPtr,
      headBytes,
      length,
      variant,
      isOrdered,
      mayAdd,
      text.writtenBytes,
    );
    if (found.slot === TOO_MANY_TAGS) {
      // Too many for a set: sorted, they are the same in every order.
      length = core.bytes.write(text.whole, scratchPtr, 'latin1');
      found = core.contextSlot(scratchPtr, headBytes, length, variant, true, mayAdd, 0);
    } else if (found.repeats && text.mayRepeat) length = core.dropRepeatedTags(scratchPtr, headBytes, length);
    this.textEnd = scratchPtr + length;
    return found;
  }

  /** Tells of the context that was found last. */
  private notify(slot: number, typeIndex: number, limit: number, source?: string, isTiming?: boolean): void {
    const { core, scratchPtr, onNew, sink } = this.options;
    onNew();
    const { text } = this;
    text.bytes = core.bytes;
    text.start = scratchPtr;
    text.end = this.textEnd;
    sink.newContext(slot, typeIndex, text, limit, source, isTiming);
  }

  private choose(slot: number, isOver: boolean): ChosenSlot {
    this.chosen.slot = slot;
    this.chosen.isOver = isOver;
    return this.chosen;
  }
}
