/**
 * The three tables of a shard, which its lines (shard.ts) and the sweep (sweep.ts) share.
 *
 *   lines      line as written            ─▶ operation, slot
 *   tagSets    line free of tag order     ─▶ operation, slot
 *   contexts   context as resolved        ─▶ slot
 */
import { setCount } from './counters';
import { COUNT_CACHED_LINES, COUNT_CONTEXT_SLOTS } from '../../model/core-border';
import { LineTable, newLineTable } from './line-table';

export let lines: LineTable = changetype<LineTable>(0);
export let tagSets: LineTable = changetype<LineTable>(0);
export let contexts: LineTable = changetype<LineTable>(0);

export function initTables(linesMax: u32, contextsMax: u32): void {
  lines = newLineTable(linesMax, 0);
  tagSets = newLineTable(linesMax, 170);
  contexts = newLineTable(contextsMax, 340);
}

export function publishTableCounts(): void {
  setCount(COUNT_CONTEXT_SLOTS, contexts.count);
  setCount(COUNT_CACHED_LINES, lines.count + tagSets.count);
}
