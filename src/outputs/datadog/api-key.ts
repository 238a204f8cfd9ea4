/**
 * Which key a payload is for, in words that are no secret and mean the same after a restart.
 *
 *   9f86d081 0/2     fingerprint of the key, its place among the keys of its domain, and how many there were
 */
import { createHash } from 'node:crypto';

export function fingerprintKey(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

/** What a transaction is for: `9f86d081 0/2`, a fingerprint and the key's place among the keys of its domain. */
export function nameDestination(keys: readonly string[], index: number): string {
  return `${fingerprintKey(keys[index] ?? '')} ${index}/${keys.length}`;
}

/**
 * The key a transaction is for: the one with its fingerprint; else the one in its place, when there are as many keys
 * as there were and this one was replaced; else none.
 */
export function findKey(keys: readonly string[], destination: string): string | undefined {
  const [fingerprint = '', place = ''] = destination.split(' ');
  const same = keys.find((key) => fingerprintKey(key) === fingerprint);
  if (same !== undefined) return same;
  const [index, count] = place.split('/').map(Number);
  return count === keys.length ? keys[index ?? -1] : undefined;
}
