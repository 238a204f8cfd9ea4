/**
 * What is written into a search box, taken apart.
 *
 *   check lat tag:env:prod type:d origin:api-* outcome:rejected
 *   ─▶ words [check, lat], fields { tag: [env:prod], type: [d], origin: [api-*], outcome: [rejected] }
 *
 * Every word has to be in the name, in any case. The same language filters metrics and the tail; the server
 * understands it too, and below a few thousand metrics the page filters by itself.
 */

import { matchesGlob } from '../../../src/lib/text/glob.ts';

export const SEARCH_FIELDS = ['name', 'tag', 'type', 'origin', 'outcome'] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

export interface Search {
  readonly words: readonly string[];
  readonly fields: Readonly<Partial<Record<SearchField, readonly string[]>>>;
}

/** How types may be written, and what they are. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  c: 'counter',
  g: 'gauge',
  h: 'histogram',
  ms: 'timing',
  d: 'distribution',
  s: 'set',
};

const NEAR_MAX = 2;
const NEAR_SHARE = 0.34;

export function parseSearch(text: string): Search {
  const words: string[] = [];
  const fields: Partial<Record<SearchField, string[]>> = {};
  for (const part of text.split(/\s+/)) {
    if (part === '') continue;
    const colon = part.indexOf(':');
    const field = part.slice(0, colon).toLowerCase();
    if (colon > 0 && colon < part.length - 1 && isField(field)) {
      const list = fields[field] ?? [];
      list.push(field === 'type' ? typeName(part.slice(colon + 1)) : part.slice(colon + 1));
      fields[field] = list;
    } else {
      words.push(part);
    }
  }
  return { words, fields };
}

/** Whether every word is part of the name, and the name fits every `name:` pattern. */
export function matchesName(name: string, { words, fields }: Search): boolean {
  const lower = name.toLowerCase();
  return (
    words.every((word) => lower.includes(word.toLowerCase())) &&
    (fields.name ?? []).every((pattern) => matchesGlob(name, pattern))
  );
}

/** `d` and `distribution` are one type. */
export function typeName(text: string): string {
  return TYPE_NAMES[text.toLowerCase()] ?? text.toLowerCase();
}

/** The names most like what was searched for in vain, by the pairs of letters they share; two at most. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  const target = pairsOf(wanted.toLowerCase());
  if (target.size === 0) return [];
  const scored: { name: string; score: number }[] = [];
  for (const name of names) {
    const lower = name.toLowerCase();
    const score = Math.max(
      similarity(target, pairsOf(lower)),
      ...lower.split(/[._-]/).map((part) => similarity(target, pairsOf(part))),
    );
    if (score >= NEAR_SHARE) scored.push({ name, score });
  }
  scored.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, NEAR_MAX).map(({ name }) => name);
}

function isField(text: string): text is SearchField {
  return (SEARCH_FIELDS as readonly string[]).includes(text);
}

function pairsOf(text: string): Set<string> {
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < text.length; at++) pairs.add(text.slice(at, at + 2));
  return pairs;
}

/** Twice what both have over what each has: 1 for equal sets, 0 for sets that share nothing. */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size + b.size === 0) return 0;
  let shared = 0;
  for (const pair of a) if (b.has(pair)) shared++;
  return (2 * shared) / (a.size + b.size);
}
