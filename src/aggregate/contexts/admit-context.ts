/** A context that a shard reports for the first time: it gets its id in the registry, and the shard's slot means it. */
import { CONTEXT_TYPES } from '../../model/context.ts';
import type { TextRange } from '../../model/text.ts';
import type { Admission, Registry } from './registry.ts';
import type { ShardSlots } from './shard-slots.ts';

/** What a shard reports of a context (model/shard-message.ts). Borrowed: `key` and the bytes of `text` may be reused afterwards. */
export interface ReportedContext {
  readonly slot: number;
  /** Four words: the 128-bit key. */
  readonly key: Uint32Array;
  /** Index into CONTEXT_TYPES. */
  readonly type: number;
  /** Name LF host LF tags joined by LF. */
  readonly text: TextRange;
  /** Number of the limit it is over; 0 for none. */
  readonly limit: number;
  /** The JMX check its samples come from, if they do. */
  readonly source: string | undefined;
  /** Whether they came as timings. */
  readonly isTiming?: boolean;
}

/** `now` is Unix seconds. */
export function admitContext(
  registry: Registry,
  slots: ShardSlots,
  { slot, key, type, text, limit, source, isTiming }: ReportedContext,
  now: number,
): Admission {
  const name = CONTEXT_TYPES[type];
  if (name === undefined) throw new RangeError(`a shard reports a context of type ${type}`);
  const admission = registry.admitBytes(key, name, text, now, limit);
  if (source !== undefined) registry.setSource(admission.id, source);
  if (isTiming === true) registry.setTiming(admission.id);
  slots.admit(slot, admission);
  return admission;
}
