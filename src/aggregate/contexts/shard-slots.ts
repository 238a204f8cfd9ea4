/**
 * Shard slots: which context one shard means by each of its slots.
 *
 * A slot holds its context in the registry until the shard frees it, so a shard that still has a line of
 * the context cached never delivers data for an id that was given away. Slots whose samples are over a limit on
 * cardinality are marked with its number, so that the samples can be counted.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import { type Admission, NO_CONTEXT, type Registry } from './registry.ts';

/** Bit of a mark: the registry decided so, and says when there is room again. */
const HERE = 0x80;

export class ShardSlots {
  private readonly registry: Registry;
  /** By slot. */
  private readonly slots = new ColumnTable({
    /** Context id + 1; 0 for none. */
    ids: Int32Array,
    /** Number of the limit the slot's samples are over, and HERE. */
    limits: Uint8Array,
  });
  private marked = 0;
  private used = 0;

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** The context of `slot`; NO_CONTEXT when it was refused or never assigned. */
  idOf(slot: number): number {
    return (this.slots.columns.ids[slot] ?? 0) - 1;
  }

  /** Number of the limit that the samples of `slot` are over; 0 for none. */
  limitOf(slot: number): number {
    return (this.slots.columns.limits[slot] ?? 0) & ~HERE;
  }

  /** Makes `slot` mean context `id`, or nothing when that is NO_CONTEXT, whatever it meant before. */
  assign(slot: number, id: number): void {
    if (id !== NO_CONTEXT) this.registry.hold(id);
    this.free(slot);
    this.slots.reserve(slot);
    this.slots.columns.ids[slot] = id + 1;
    if (id !== NO_CONTEXT) this.used++;
  }

  /** Makes `slot` mean what the registry made of its context. */
  admit(slot: number, { id, limit, isHere }: Admission): void {
    this.assign(slot, id);
    if (limit === 0) return;
    this.slots.reserve(slot);
    this.slots.columns.limits[slot] = isHere ? limit | HERE : limit;
    this.marked++;
  }

  /** At most `count` of the slots that the registry had no room for and whose overflow context `isReturned`. */
  returned(isReturned: (id: number) => boolean, count: number): Uint32Array {
    const found: number[] = [];
    if (this.marked === 0) return Uint32Array.from(found);
    for (let slot = 0; slot < this.slots.capacity && found.length < count; slot++) {
      if (((this.slots.columns.limits[slot] as number) & HERE) !== 0 && isReturned(this.idOf(slot)))
        found.push(slot);
    }
    return Uint32Array.from(found);
  }

  /** The shard has no use for the slot any more. */
  free(slot: number): void {
    const id = this.idOf(slot);
    if (id === NO_CONTEXT) return;
    this.registry.release(id);
    this.slots.columns.ids[slot] = 0;
    this.used--;
    if (this.limitOf(slot) === 0) return;
    this.slots.columns.limits[slot] = 0;
    this.marked--;
  }

  /** Gives back what a burst of contexts needed. */
  trim(): void {
    this.slots.trimUnused('ids', this.used);
  }

  /** The shard is gone. */
  freeAll(): void {
    for (let slot = 0; slot < this.slots.capacity; slot++) this.free(slot);
  }
}
