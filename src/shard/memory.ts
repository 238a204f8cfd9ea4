/** The memory of a shard: shared, so that the control thread reads sealed buckets and counters where they are. */
export { makeShardMemory } from '../core/core.ts';
