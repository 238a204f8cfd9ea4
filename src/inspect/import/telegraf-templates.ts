/**
 * Templates of Telegraf's statsd input as rules of our mapper.
 *
 *   "cpu.* measurement.region.measurement dc=1"  with the separator "_"
 *
 *   cpu.eu.load        ──▶  - match: cpu.*.*          (a name of three parts)
 *   cpu.eu.load.more          name: cpu_${2}
 *                             tags: { region: '${1}', dc: '1' }
 *                           - match: cpu\.([^.]*)\.([^.]*)\..*        (a longer one: the rest is left out)
 *
 * There, a template takes names of any length: parts that a shorter one does not have are left out. So a template becomes a
 * rule for each length from that of its filter to its own. A filter is a prefix; the most exact one wins, and a template
 * without one is for what is left.
 */
import type { Notes } from './import-result.ts';

export interface MapperRule {
  readonly match: string;
  readonly match_type?: 'regex';
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Template {
  readonly text: string;
  readonly filter: readonly string[];
  readonly parts: readonly string[];
  readonly tags: readonly (readonly [string, string])[];
}

/** Beyond this a template is left out rather than written as so many rules. */
const PARTS_MAX = 20;

export function importTemplates(lines: readonly string[], separator: string, notes: Notes): MapperRule[] {
  const templates = lines.flatMap((line) => templateOf(line, notes) ?? []);
  const withFilter = templates.filter(({ filter }) => filter.length > 0).sort(byExactness);
  // The last one without a filter is the one that counts.
  const rest = templates.filter(({ filter }) => filter.length === 0);
  for (const { text } of rest.slice(0, -1))
    notes.add(`template "${text}"`, 'another one without a filter follows it');
  return [...withFilter, ...rest.slice(-1)].flatMap((template) => rulesOf(template, separator, notes));
}

/** `[filter] parts [tags]`; undefined when it makes no name. */
function templateOf(text: string, notes: Notes): Template | undefined {
  const place = `template "${text}"`;
  const words = text.trim().split(/\s+/);
  const hasTags = words.length > 1 && (words.at(-1) as string).includes('=');
  const tags = hasTags ? (words.pop() as string).split(',') : [];
  const [parts = '', filter] = words.reverse();
  if (words.length > 2 || parts === '') {
    notes.add(place, 'is not "filter template tags", and is left out');
    return undefined;
  }
  const template = {
    text,
    filter: filter === undefined ? [] : filter.split('.'),
    parts: parts.split('.'),
    tags: tags.map((tag) => {
      const [key = '', ...value] = tag.split('=');
      return [key, value.join('=')] as const;
    }),
  };
  const problem = problemOf(template);
  if (problem === undefined) return template;
  notes.add(place, `${problem}, and is left out`);
  return undefined;
}

function problemOf({ filter, parts }: Template): string | undefined {
  if (!parts.some((part) => part.startsWith('measurement'))) return 'names no measurement';
  if (filter.some((part) => part !== '*' && part.includes('*')))
    return 'has a star beside letters in its filter';
  if (parts.length > PARTS_MAX || filter.length > PARTS_MAX) return `has more than ${PARTS_MAX} parts`;
  const greedy = parts.filter((part) => part === 'measurement*' || part === 'field*');
  return greedy.length > 1 ? 'has measurement* and field*' : undefined;
}

/** Words before stars, longer filters before their beginnings. */
function byExactness(a: Template, b: Template): number {
  for (let i = 0; ; i++) {
    const [x, y] = [a.filter[i], b.filter[i]];
    if (x === undefined || y === undefined) return b.filter.length - a.filter.length;
    if (x === y) continue;
    if (x === '*' || y === '*') return x === '*' ? 1 : -1;
    return x < y ? -1 : 1;
  }
}

function rulesOf(template: Template, separator: string, notes: Notes): MapperRule[] {
  const { parts, filter, text } = template;
  const greedyAt = parts.findIndex((part) => part === 'measurement*' || part === 'field*');
  if (greedyAt >= 0 && separator !== '.')
    notes.add(
      `template "${text}"`,
      `${parts[greedyAt]}: the dots in what it takes stay dots, where there is ${separator} there`,
    );
  if (greedyAt >= 0 && greedyAt < parts.length - 1)
    notes.add(`template "${text}"`, `what follows ${parts[greedyAt]} has no effect here`);
  const used = greedyAt < 0 ? parts : parts.slice(0, greedyAt + 1);
  if (used.some((part) => part === 'field' || part === 'field*'))
    notes.add(`template "${text}"`, 'field: here it becomes the end of the name');
  const longest = Math.max(used.length, filter.length);
  const rules: MapperRule[] = [];
  for (let length = longest; length >= Math.max(filter.length, 1); length--) {
    const name = nameOf(template, used.slice(0, length), separator);
    if (name === undefined) continue;
    rules.push({ ...patternOf(filter, length, false), ...name });
    if (length === longest)
      rules.push({ ...patternOf(filter, length, true), ...withRest(name, greedyAt, length, filter) });
  }
  return rules;
}

interface Result {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Name and tags from the parts that a name of this length has; undefined when no part makes the name. */
function nameOf(
  { tags: more, filter }: Template,
  parts: readonly string[],
  separator: string,
): Result | undefined {
  const [measurement, field]: [string[], string[]] = [[], []];
  const tags = new Map<string, string[]>();
  const add = (key: string, value: string): void => {
    tags.set(key, [...(tags.get(key) ?? []), value]);
  };
  for (const [key, value] of more) add(key, escapeTemplate(value));
  parts.forEach((part, i) => {
    if (part === '') return;
    const value = referenceTo(i, filter);
    if (part === 'measurement' || part === 'measurement*') measurement.push(value);
    else if (part === 'field' || part === 'field*') field.push(value);
    else add(part, value);
  });
  if (measurement.length === 0) return undefined;
  return {
    name: [...measurement, ...field].join(separator),
    ...(tags.size > 0 && {
      tags: Object.fromEntries([...tags].map(([key, values]) => [key, values.join(separator)])),
    }),
  };
}

/** The rest of a longer name belongs to a part with a star, as one more group; without one it is left out. */
function withRest(result: Result, greedyAt: number, length: number, filter: readonly string[]): Result {
  if (greedyAt !== length - 1) return result;
  const last = referenceTo(greedyAt, filter);
  const groups = Array.from({ length }, (_, i) => filter[i] ?? '*').filter((part) => part === '*').length;
  const at = result.name.lastIndexOf(last);
  return {
    ...result,
    name: `${result.name.slice(0, at)}${last}.$\{${groups + 1}}${result.name.slice(at + last.length)}`,
  };
}

/** What stands at a place: the word of the filter, or the group for it. */
function referenceTo(index: number, filter: readonly string[]): string {
  const word = filter[index] ?? '*';
  if (word !== '*') return escapeTemplate(word);
  const before = Array.from({ length: index }, (_, i) => filter[i] ?? '*').filter(
    (part) => part === '*',
  ).length;
  return `$\{${before + 1}}`;
}

function escapeTemplate(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** A pattern for names of so many parts, or of more. */
function patternOf(filter: readonly string[], length: number, isLonger: boolean) {
  const parts = Array.from({ length }, (_, i) => filter[i] ?? '*');
  const wildcard = parts.join('.');
  if (!isLonger && /^[A-Za-z0-9_.*-]+$/.test(wildcard)) return { match: wildcard };
  const regex = parts
    .map((part) => (part === '*' ? '([^.]*)' : part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')))
    .join('\\.');
  return { match: isLonger ? `${regex}\\.(.*)` : regex, match_type: 'regex' as const };
}
