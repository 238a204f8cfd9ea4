/**
 * Sweeping: after a seal, forgets lines and contexts that have been idle, a few entries at a time.
 *
 *   seal ─▶ lines ─▶ tagSets ─▶ contexts ─▶ done          a step after every batch of packets
 *           │ cursor ──▶ │                                entries behind it are swept, those before it not yet
 *
 * Lines go first. Using a line uses its slots, so a slot that has been idle longer than `oldest` is named by no
 * line when the contexts' turn comes, whatever was cached meanwhile; no marking is needed.
 *
 * When a table grows under the cursor, entries of the segment where it is may have moved to before it, so that segment is
 * swept again; those that moved to a new one are still before the cursor. A table that has become sparse gives segments back
 * at the end.
 *
 * Why     sweeping 100,000 lines and contexts at once takes 10 to 30 ms, in which a socket's buffer overflows.
 */
import { count } from './counters';
import { COUNT_EVICTED_LINES, OP_NONE } from '../../model/core-border';
import { entryAt, LineTable, removeEntry, shrinkTable } from './line-table';
import { takeRegion } from './memory';
import { PER_SEGMENT, positionsOf } from './segments';
import { giveSlotBack, lastUseOf, trimSlots, watchSlot, watchSlots } from './slots';
import { contexts, lines, publishTableCounts, tagSets } from './tables';

const LINES: u32 = 0;
const TAG_SETS: u32 = 1;
const CONTEXTS: u32 = 2;
const DONE: u32 = 3;
/** Slots that one step frees. */
const FREED_MAX: u32 = 8192;

let phase: u32 = DONE;
/** The next entry of the table of this phase. */
let cursor: u32 = 0;
/** Positions of that table when the cursor was last moved. */
let cursorPositions: u32 = 0;
/** What has not been used since this epoch goes. */
let oldest: u32 = 0;
/** Slots freed by the last step, FREED_MAX at most. */
let freed: usize = 0;
let freedCount: u32 = 0;
/** Whether the contexts have been swept since slots were last trimmed. */
let trimDue = false;

export function initSweep(): void {
  freed = takeRegion(FREED_MAX * sizeof<u32>());
}

/** Begins to sweep what has not been used since epoch `since`; a sweep under way goes on as it is. */
export function beginSweep(since: u32): void {
  if (phase != DONE) return;
  oldest = since;
  beginPhase(LINES);
}

export function isSweeping(): bool {
  return phase != DONE;
}

/** Entries have moved within their tables: the phase begins again. */
export function rewindSweep(): void {
  if (phase != DONE) beginPhase(phase);
}

/** Looks at about `entries` entries; how many slots that freed. freedSlots() is where their numbers are. */
export function sweepStep(entries: u32): u32 {
  freedCount = 0;
  let left = entries;
  while (phase != DONE && left > 0 && freedCount < FREED_MAX) {
    const table = tableOf(phase);
    const positions = positionsOf(table);
    if (positions != cursorPositions) {
      cursor &= ~(PER_SEGMENT - 1);
      cursorPositions = positions;
    }
    if (cursor < positions) {
      const seen = min(min(left, positions - cursor), FREED_MAX - freedCount);
      sweepEntries(table, seen);
      left -= seen;
    } else if (shrinkTable(table)) {
      left -= min(left, PER_SEGMENT);
    } else {
      beginPhase(phase + 1);
    }
  }
  publishTableCounts();
  return freedCount;
}

/** Valid until the next step. */
export function freedSlots(): usize {
  return freed;
}

/** After a sweep, once the freed slots have been told: gives up the numbers of slots that nobody needs. */
export function trimSweptSlots(): void {
  if (!trimDue) return;
  trimDue = false;
  trimSlots();
}

function beginPhase(next: u32): void {
  phase = next;
  cursor = 0;
  if (next == CONTEXTS) watchSlots();
  if (next == DONE) trimDue = true;
  else cursorPositions = positionsOf(tableOf(next));
}

function tableOf(phase: u32): LineTable {
  return phase == LINES ? lines : phase == TAG_SETS ? tagSets : contexts;
}

function sweepEntries(table: LineTable, entries: u32): void {
  for (let i: u32 = 0; i < entries; i++) {
    const entry = entryAt(table, cursor);
    if (entry.op == OP_NONE || !letsGo(entry.seen, entry.slot)) {
      if (phase == CONTEXTS && entry.op != OP_NONE) watchSlot(entry.slot);
      cursor++;
      continue;
    }
    // Another entry may take its place, so the cursor stays.
    removeEntry(table, cursor);
    if (phase != CONTEXTS) count(COUNT_EVICTED_LINES, 1);
  }
}

/** Whether an entry of this phase is idle; a context gives its slot back. */
function letsGo(seen: u32, slot: u32): bool {
  if (phase != CONTEXTS) return seen < oldest;
  if (lastUseOf(slot) >= oldest || !giveSlotBack(slot)) return false;
  store<u32>(freed + (<usize>freedCount) * sizeof<u32>(), slot);
  freedCount++;
  return true;
}
