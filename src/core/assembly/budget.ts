/**
 * What the open bucket may still take for values, bins and elements: limits.bucket_keys units of BUDGET_UNIT_BYTES. One
 * budget for the key table (key-table.ts: a unit an entry) and the arena (arena.ts: by bytes), as only the open bucket
 * takes any.
 */
import { BUDGET_UNIT_BYTES } from '../../model/core-border';

let limit: u64 = 0;
let left: u64 = 0;

export function initBudget(units: u32): void {
  limit = <u64>units * BUDGET_UNIT_BYTES;
  left = limit;
}

/** A new bucket is open. */
export function resetBudget(): void {
  left = limit;
}

/** Takes bytes from the budget; false, and nothing is taken, when there are not so many left. */
// @ts-ignore: decorator
@inline
export function spend(bytes: u32): bool {
  if (left < bytes) return false;
  left -= bytes;
  return true;
}

// @ts-ignore: decorator
@inline
export function refund(bytes: u32): void {
  left += bytes;
}

/** Whether so many bytes are left. */
export function canSpend(bytes: u64): bool {
  return left >= bytes;
}
