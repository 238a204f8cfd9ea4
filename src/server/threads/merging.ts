/**
 * What the listener threads say of contexts and buckets, and what becomes of it: contexts get their ids, sealed buckets
 * are merged, slots are freed. One job after the other, in the order it was said (inbox.ts).
 *
 *   contexts ─▶ registry ─▶ slots of the shard        sealed ─▶ statistics ─▶ sampler ─▶ released to the shard
 */

import { admitContext } from '../../aggregate/contexts/admit-context.ts';
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { TimeSampler } from '../../aggregate/sampler.ts';
import { SealedMemory } from '../../core/sealed-memory.ts';
import { assert } from '../../lib/assert.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import { CONTEXT_KEY_WORDS } from '../../model/core-border.ts';
import type { NewContexts, ShardMessage } from '../../model/shard-message.ts';
import { textAt } from '../../model/text.ts';
import type { LiveStatistics } from '../live/live-statistics.ts';
import type { CardinalityWatch } from '../watches/cardinality-watch.ts';
import type { Inbox } from './inbox.ts';

/** Slots freed in one step. */
const STEP_SLOTS = 1024;
/** Contexts that get their ids in one step: a thread tells up to a thousand at a time. */
const STEP_CONTEXTS = 128;

/** The messages that are about contexts and buckets. */
export type MergeMessage = Extract<ShardMessage, { readonly kind: 'contexts' | 'freed' | 'sealed' }>;

export interface MergingOptions {
  readonly inbox: Inbox;
  readonly registry: Registry;
  readonly cardinality: CardinalityWatch;
  readonly threads: readonly ListenerThread[];
  readonly sampler: TimeSampler;
  readonly statistics: Pick<LiveStatistics, 'takePart'>;
}

export class Merging {
  private readonly options: MergingOptions;

  constructor(options: MergingOptions) {
    this.options = options;
  }

  /** Has what a thread said done when its turn comes. */
  accept(shard: number, message: MergeMessage): void {
    const { inbox } = this.options;
    if (message.kind === 'contexts') inbox.add(() => this.addContexts(shard, message));
    else if (message.kind === 'freed') inbox.add(() => this.freeSlots(shard, message.slots));
    else inbox.add(() => this.merge(shard, message.bucket));
  }

  /** Has the threads tell again the contexts that there was no room for and is now. */
  readmit(): void {
    const { registry, threads, sampler } = this.options;
    const isReturned = registry.takeReturned();
    if (isReturned === undefined) return;
    threads.forEach((thread, shard) => {
      const slots = sampler.slotsOf(shard).returned(isReturned, registry.room);
      if (slots.length > 0) thread.readmit({ kind: 'readmit', slots });
    });
  }

  private *addContexts(
    shard: number,
    { slots, keys, types, limits, texts, ends, sources, timings }: NewContexts,
  ): Steps {
    const { registry, cardinality, sampler } = this.options;
    const shardSlots = sampler.slotsOf(shard);
    const now = Date.now() / 1000;
    const count = slots.length;
    assert(
      ends.length === count && types.length === count && limits.length === count,
      'each reported context has a text, a type and a limit',
    );
    assert(keys.length === count * CONTEXT_KEY_WORDS, 'each reported context has a key');
    // As what else is looked up in the registry: a Buffer.
    const bytes = Buffer.from(texts.buffer, texts.byteOffset, texts.length);
    for (let i = 0; i < count; i++) {
      if (i % STEP_CONTEXTS === STEP_CONTEXTS - 1) yield;
      const text = { bytes, start: ends[i - 1] ?? 0, end: ends[i] as number };
      const reported = {
        slot: slots[i] as number,
        key: keys.subarray(i * CONTEXT_KEY_WORDS, (i + 1) * CONTEXT_KEY_WORDS),
        type: types[i] as number,
        text,
        limit: limits[i] as number,
        source: sources?.[i],
        isTiming: timings?.includes(i) === true,
      };
      const admission = admitContext(registry, shardSlots, reported, now);
      if (admission.isHere) cardinality.sampleText(admission.limit, textAt(text));
    }
  }

  private *freeSlots(shard: number, freed: Uint32Array): Steps {
    const slots = this.options.sampler.slotsOf(shard);
    for (let i = 0; i < freed.length; i++) {
      slots.free(freed[i] as number);
      if (i % STEP_SLOTS === 0) yield;
    }
    slots.trim();
  }

  private *merge(shard: number, bucket: number): Steps {
    const { threads, sampler, statistics } = this.options;
    const thread = threads[shard];
    assert(thread !== undefined, 'a sealed bucket comes from a thread that was started');
    const { memory, control } = thread;
    const sealed = new SealedMemory(memory, bucket);
    yield* statistics.takePart(shard, sealed, sampler.slotsOf(shard));
    yield* sampler.mergeSteps(shard, sealed);
    control.release();
  }
}
