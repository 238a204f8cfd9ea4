/**
 * Secrets as people may see them, in logs, errors and commands: never whole.
 *
 *   0123456789abcdef0123456789abcdef   ─▶  ***************************bcdef
 *   http://user:secret@proxy:3128      ─▶  http://user:***@proxy:3128
 */

const SHOWN = 5;

/** All but the last five characters hidden; what is too short to hide that way is hidden whole. */
export function maskKey(key: string): string {
  const hidden = key.length > SHOWN * 2 ? key.length - SHOWN : key.length;
  return '*'.repeat(hidden) + key.slice(hidden);
}

/** A URL, or what was meant to be one, without its password. */
export function maskUrl(url: string): string {
  return url.replace(/(:\/\/|^)([^/@:\s]*):[^/\s]*@/, '$1$2:***@');
}
