/**
 * Filters of gostatsd as rules of ours.
 *
 *   [filter.noisy]                      rules:
 *   match-metrics = 'noisy.*'           - match: noisy\.ok\..*     an exception comes first, and does nothing
 *   exclude-metrics = 'noisy.ok.*'  ──▶ - match: noisy\..*
 *   drop-metric = true                    drop: true
 *
 * There, every filter that fits is applied; here, only the first rule. Rules that drop come first, which changes nothing, and
 * tags that a filter without conditions drops are added to the rules of all others.
 */
import { type Fields, type ImportedRule, mapOf, type Notes, wordsOf } from './import-result.ts';
import { anchoredRegex } from './name-patterns.ts';

const FIELDS = new Set([
  ...['match-metrics', 'exclude-metrics', 'match-tags', 'drop-tags', 'drop-metric', 'drop-host'],
]);

interface NamePattern {
  readonly match: string;
  readonly match_type?: 'regex';
}

interface Filter {
  readonly place: string;
  readonly only: readonly NamePattern[];
  readonly except: readonly NamePattern[];
  readonly dropTags: readonly string[];
  readonly drops: boolean;
}

const EVERYTHING: NamePattern = { match: '.*', match_type: 'regex' };

export function importFilters(config: Fields, notes: Notes): ImportedRule[] {
  const sections = mapOf(config, 'filter');
  const names = wordsOf(config.filters);
  for (const name of Object.keys(sections))
    if (!names.includes(name)) notes.add(`filter.${name}`, 'is not in "filters", and is left out');
  const filters = names.flatMap((name) => filterOf(name, sections[name] as Fields | undefined, notes) ?? []);
  const dropping = filters.filter(({ drops }) => drops);
  const others = filters.filter(({ drops }) => !drops);
  const isForAll = ({ only, except }: Filter): boolean => only.length === 0 && except.length === 0;
  const everywhere = others.filter(isForAll).flatMap(({ dropTags }) => dropTags);
  const tagsOf = (tags: readonly string[]) => ({ drop_tags: [...new Set([...tags, ...everywhere])] });
  const some = others.filter((filter) => !isForAll(filter));
  const exception = (pattern: NamePattern): ImportedRule => ({
    ...pattern,
    ...(everywhere.length > 0 && tagsOf([])),
  });
  const rules: ImportedRule[] = [];
  [...dropping, ...some].forEach((filter, i, all) => {
    const patterns = filter.only.length === 0 ? [EVERYTHING] : filter.only;
    rules.push(...filter.except.map(exception));
    for (const pattern of patterns)
      rules.push({ ...pattern, ...(filter.drops ? { drop: true } : tagsOf(filter.dropTags)) });
    const isLast = i === all.length - 1;
    if (!isLast && (filter.except.length > 0 || !filter.drops))
      notes.add(
        filter.place,
        'a metric that two filters are for: here only the first rule that fits applies',
      );
  });
  if (everywhere.length > 0) rules.push({ ...EVERYTHING, ...tagsOf([]) });
  return rules;
}

function filterOf(name: string, fields: Fields | undefined, notes: Notes): Filter | undefined {
  const place = `filter.${name}`;
  if (fields === undefined) {
    notes.add(place, 'is in "filters" and nowhere else');
    return undefined;
  }
  for (const field of Object.keys(fields))
    if (!FIELDS.has(field)) notes.add(place, `${field} is not known here`);
  if (wordsOf(fields['match-tags']).length > 0) {
    notes.add(place, 'match-tags: rules ask for names alone, so it is left out');
    return undefined;
  }
  if (fields['drop-host'] === true) notes.add(place, 'drop-host: here a metric keeps the host of the server');
  const only = wordsOf(fields['match-metrics']).map(patternOf);
  const except = wordsOf(fields['exclude-metrics']).map(patternOf);
  const [notOnly, notExcept] = [only, except].map((all) => all.filter(({ isInverted }) => isInverted).length);
  // "Not a" is an exception for a, where it is alone.
  if ((notOnly as number) > 0 && only.length > 1) {
    notes.add(place, 'match-metrics: one with "!" beside others has no equal, so it is left out');
    return undefined;
  }
  if ((notExcept as number) > 0) {
    notes.add(place, 'exclude-metrics: one with "!" has no equal, so it is left out');
    return undefined;
  }
  const dropTags = wordsOf(fields['drop-tags']).flatMap((tag) => dropTagOf(tag, place, notes) ?? []);
  const drops = fields['drop-metric'] === true;
  if (!drops && dropTags.length === 0) return undefined;
  const patterns = (all: typeof only) => all.map(({ isInverted: _, ...pattern }) => pattern);
  return {
    place,
    only: notOnly === 0 ? patterns(only) : [],
    except: patterns(notOnly === 0 ? except : [...except, ...only]),
    dropTags,
    drops,
  };
}

/** `abc`, `abc*` (a prefix, dots and all), `regex:…`, each with `!` before it. */
function patternOf(text: string): NamePattern & { readonly isInverted: boolean } {
  const isInverted = text.startsWith('!');
  const pattern = isInverted ? text.slice(1) : text;
  if (pattern.startsWith('regex:'))
    return { match: anchoredRegex(pattern.slice('regex:'.length)), match_type: 'regex', isInverted };
  const escaped = pattern.replace(/\*$/, '').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  if (pattern.endsWith('*')) return { match: `${escaped}.*`, match_type: 'regex', isInverted };
  if (/^[A-Za-z0-9_.-]+$/.test(pattern)) return { match: pattern, isInverted };
  return { match: escaped, match_type: 'regex', isInverted };
}

/** A key or a whole tag. */
function dropTagOf(pattern: string, place: string, notes: Notes): string | undefined {
  if (/^[^:*!]+:\*$/.test(pattern)) return pattern.slice(0, -2);
  if (!pattern.startsWith('regex:') && /^[^*!]+$/.test(pattern)) {
    if (!pattern.includes(':'))
      notes.add(place, `drop-tags ${pattern}: here it drops the tags with this key and a value as well`);
    return pattern;
  }
  notes.add(place, `drop-tags ${pattern}: rules drop a key (key:*) or a whole tag, so it is left out`);
  return undefined;
}
