/** Which lines a reader of the tail wants to see: the parts of its query, all of which a line has to fit. */
import { matchesGlob } from '../lib/text/glob.ts';
import type { TailLine } from '../model/live/line-views.ts';

export interface TailQuery {
  readonly search: string;
  readonly outcome: string;
  readonly origin: string;
  readonly type: string;
  readonly name: string;
  readonly tag: string;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  ...{ c: 'counter', count: 'counter', g: 'gauge', s: 'set', d: 'distribution', h: 'histogram' },
  ...{ ms: 'histogram', timing: 'histogram', check: 'service_check' },
};

export function tailFilter(query: TailQuery): (line: TailLine) => boolean {
  const outcomes = listOf(query.outcome);
  const types = listOf(query.type).map((word) => TYPE_WORDS[word] ?? word);
  const tags = listOf(query.tag);
  const hasName = globOf(query.name);
  const hasOrigin = globOf(query.origin);
  return (line) =>
    (outcomes.length === 0 || outcomes.includes(line.outcome)) &&
    (types.length === 0 || (line.type !== null && types.includes(line.type))) &&
    (query.name === '' || hasName(line.name)) &&
    (query.origin === '' || hasOrigin(line.origin)) &&
    tags.every((tag) => tagsOf(line.line).some((own) => own === tag || own.startsWith(`${tag}:`)));
}

/** A text with `*` for any text; without one it may be anywhere in what is compared. */
export function globOf(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text.includes(pattern);
  return (text) => matchesGlob(text, pattern);
}

function listOf(words: string): string[] {
  return words.split(',').filter((word) => word !== '');
}

// page.views:1|c|#env:prod,team:x|T17
//                 ^^^^^^^^^^^^^^^
function tagsOf(line: string): string[] {
  const field = line.split('|').find((part) => part.startsWith('#'));
  return field === undefined ? [] : field.slice(1).split(',');
}
