/**
 * What differs between two loaded configurations, for a reload and its log line.
 */

/** Characters of a value that are shown; mapper profiles are longer. */
const SHOWN_MAX = 200;

/** Keys, sections joined by dots, whose values differ. */
export function differingKeys(before: object, after: object, prefix = ''): Set<string> {
  const keys = new Set<string>();
  for (const [name, value] of Object.entries(after)) {
    const other = (before as Record<string, unknown>)[name];
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isSection) for (const key of differingKeys(other ?? {}, value, `${prefix}${name}.`)) keys.add(key);
    else if (JSON.stringify(value) !== JSON.stringify(other)) keys.add(prefix + name);
  }
  return keys;
}

/** `dogstatsd_tags: ["env:dev"] -> ["env:prod"]`, for a key outside sections. */
export function describeDifference(before: object, after: object, key: string): string {
  return `${key}: ${show(before, key)} -> ${show(after, key)}`;
}

function show(config: object, key: string): string {
  const text = JSON.stringify((config as Record<string, unknown>)[key]) ?? '';
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
