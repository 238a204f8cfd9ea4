/**
 * Shard slots: which context one shard means by each of its slots.
 *
 * A slot holds its context in the registry until the shard frees it, so a shard that still has a line of
 * the context cached never delivers data for an id that was given away.
 */
import { reserve } from './columns.ts';
import { NO_CONTEXT, type Registry } from './registry.ts';

export class ShardSlots {
  readonly #registry: Registry;
  /** Context id + 1, by slot; 0 for none. */
  #ids = new Int32Array(0);

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The context of `slot`; NO_CONTEXT when it was refused or never assigned. */
  idOf(slot: number): number {
    return (this.#ids[slot] ?? 0) - 1;
  }

  /** Makes `slot` mean context `id`, or nothing when that is NO_CONTEXT, whatever it meant before. */
  assign(slot: number, id: number): void {
    if (id !== NO_CONTEXT) this.#registry.hold(id);
    this.free(slot);
    this.#ids = reserve(this.#ids, slot);
    this.#ids[slot] = id + 1;
  }

  /** The shard has no use for the slot any more. */
  free(slot: number): void {
    const id = this.idOf(slot);
    if (id === NO_CONTEXT) return;
    this.#registry.release(id);
    this.#ids[slot] = 0;
  }

  /** The shard is gone. */
  freeAll(): void {
    for (let slot = 0; slot < this.#ids.length; slot++) this.free(slot);
  }
}
