/**
 * What the intake threads say of contexts and buckets, and what becomes of it: contexts get their ids, sealed buckets
 * are merged, slots are freed. One job after the other, in the order it was said (inbox.ts).
 *
 *   contexts ─▶ registry ─▶ slots of the shard        sealed ─▶ sampler ─▶ released to the shard
 */
import type { Registry } from '../aggregate/registry.ts';
import type { TimeSampler } from '../aggregate/sampler.ts';
import { SealedMemory } from '../core/sealed-memory.ts';
import type { IntakeThread } from '../intake/intake-thread.ts';
import type { Steps } from '../lib/steps.ts';
import { CONTEXT_TYPES } from '../model/context.ts';
import type { NewContexts, ShardMessage } from '../model/shard-message.ts';
import type { CardinalityWatch } from './cardinality-watch.ts';
import type { Inbox } from './inbox.ts';

const KEY_WORDS = 4;
/** Slots freed in one step. */
const STEP_SLOTS = 1024;

/** The messages that are about contexts and buckets. */
export type MergeMessage = Extract<ShardMessage, { readonly kind: 'contexts' | 'freed' | 'sealed' }>;

export interface MergingOptions {
  readonly inbox: Inbox;
  readonly registry: Registry;
  readonly cardinality: CardinalityWatch;
  readonly threads: readonly IntakeThread[];
  readonly sampler: () => TimeSampler;
}

export class Merging {
  private readonly options: MergingOptions;

  constructor(options: MergingOptions) {
    this.options = options;
  }

  /** Has what a thread said done when its turn comes. */
  take(shard: number, message: MergeMessage): void {
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
      const slots = sampler().slotsOf(shard).returned(isReturned, registry.room);
      if (slots.length > 0) thread.readmit({ kind: 'readmit', slots });
    });
  }

  private addContexts(shard: number, { slots, keys, types, limits, texts, sources }: NewContexts): void {
    const { registry, cardinality, sampler } = this.options;
    const shardSlots = sampler().slotsOf(shard);
    const now = Date.now() / 1000;
    texts.forEach((text, i) => {
      const key = keys.subarray(i * KEY_WORDS, (i + 1) * KEY_WORDS);
      const type = CONTEXT_TYPES[types[i] as number] ?? 'counter';
      const admission = registry.admit(key, type, text, now, limits[i]);
      const source = sources?.[i];
      if (source !== undefined) registry.setSource(admission.id, source);
      shardSlots.admit(slots[i] as number, admission);
      if (admission.isHere) cardinality.sampleText(admission.limit, text);
    });
  }

  private *freeSlots(shard: number, freed: Uint32Array): Steps {
    const slots = this.options.sampler().slotsOf(shard);
    for (let i = 0; i < freed.length; i++) {
      slots.free(freed[i] as number);
      if (i % STEP_SLOTS === 0) yield;
    }
    slots.trim();
  }

  private *merge(shard: number, bucket: number): Steps {
    const { threads, sampler } = this.options;
    const { memory, control } = threads[shard] as IntakeThread;
    yield* sampler().mergeSteps(shard, new SealedMemory(memory, bucket));
    control.release();
  }
}
