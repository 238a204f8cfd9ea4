/**
 * Budget: how many of something there are and how many there may be.
 *
 *   0 ─────────────────── 90 % ───── limit     take() goes up while hasRoom, give() down
 *                          └─ room again ◀── refused
 *
 * Once one was refused all are, until a tenth of the limit is free: so what happens to one does not depend on which
 * other came or went a moment before, and whoever has to be told of new room is told rarely.
 */

/** Share of the limit below which there is room for those that were refused. */
export const ROOM_AGAIN = 0.9;

export class Budget {
  count = 0;
  readonly limit: number;
  private isExhausted = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  get hasRoom(): boolean {
    return !this.isExhausted && this.count < this.limit;
  }

  acquire(): void {
    this.count++;
  }

  /** Notes that one found no room. */
  refuse(): void {
    this.isExhausted = true;
  }

  /** Gives one back; true when that makes room for those that were refused. */
  give(): boolean {
    this.count--;
    if (!this.isExhausted || this.count >= this.limit * ROOM_AGAIN) return false;
    this.isExhausted = false;
    return true;
  }
}
