/**
 * Which contexts rest on which answers of the tag table, so that when an answer changes the lines of these contexts are
 * looked up anew, and no others.
 *
 *   line ─▶ asks about `container_id://3f2a` ─▶ comes to slot 17 ─▶ 17 is noted under the container
 *
 * What a socket says of the sender is not noted: it is in the key of the line (shard/senders.ts).
 *
 * Thread  that of the table.
 * Limits  NOTES_MAX notes; beyond them every answer counts as asked by all, until everything is forgotten.
 */
import type { ByteString } from '../../model/text.ts';

const NOTES_MAX = 65_536;
/** Two contexts of a line ask about a few entities and links each. */
const ASKS_MAX = 32;

export class AskedSlots {
  private readonly notesMax: number;
  private readonly slots = new Map<ByteString, Set<number>>();
  /** What the line that is resolved now has asked. */
  private readonly asking: ByteString[] = [];
  private notes = 0;

  constructor(notesMax = NOTES_MAX) {
    this.notesMax = notesMax;
  }

  get isFull(): boolean {
    return this.notes >= this.notesMax;
  }

  /** A line is resolved from here on. */
  begin(): void {
    this.asking.length = 0;
  }

  ask(key: ByteString): void {
    if (this.asking.length < ASKS_MAX) this.asking.push(key);
  }

  /** The line that has begun comes to this slot and is cached. */
  note(slot: number): void {
    for (const key of this.asking) {
      if (this.isFull) return;
      let slots = this.slots.get(key);
      if (slots === undefined) {
        slots = new Set();
        this.slots.set(key, slots);
      }
      const before = slots.size;
      slots.add(slot);
      this.notes += slots.size - before;
    }
  }

  /** The slots that rest on this answer; they are noted no longer. */
  take(key: ByteString): ReadonlySet<number> | undefined {
    const slots = this.slots.get(key);
    if (slots === undefined) return undefined;
    this.slots.delete(key);
    this.notes -= slots.size;
    return slots;
  }

  /** No line is cached any more. */
  clear(): void {
    this.slots.clear();
    this.notes = 0;
  }
}
