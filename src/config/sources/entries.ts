/**
 * Keys whose value is a list of maps, such as mapper profiles: how they are read and what is said about a
 * mistake deep inside one.
 *
 *   dogstatsd_mapper_profiles:
 *     - name: airflow
 *       prefix: airflow.
 *       mappings:
 *         - mach: airflow.*    ─▶  entry 1 "airflow", mappings 1: mach is not a known field; did you mean match?
 *
 * In a variable or flag the list is JSON. A field that is there without a value is a field left out.
 */
import { z } from 'zod';
import { arrayOf } from '../../lib/checked-array.ts';
import { findNearest } from '../../lib/text/nearest.ts';
import { type KeyText, keyDocumentation } from '../keys/key-documentation.ts';
import { readNumber } from '../keys/key-types.ts';
import { readText } from '../keys/plain-text.ts';

/** A key holding a list of `item`s. */
export function entries<Item extends z.ZodType>(
  rules: { readonly item: Item; readonly itemText: string },
  text: KeyText,
) {
  return z
    .preprocess(readEntries, arrayOf(rules.item))
    .default([])
    .readonly()
    .register(keyDocumentation, {
      ...text,
      type: 'list of maps',
      allowed: `a list of ${rules.itemText}, as YAML or JSON`,
    });
}

/** One map. Every field may be left out; an unknown one is refused with the name it is nearest to. */
export function entry<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  const checked = z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? explainUnknownFields(issue.keys, known) : 'must be a map',
  });
  return z.preprocess(dropEmptyFields, checked.readonly());
}

/** A field of an entry that may be left out. */
export function optional<Field extends z.ZodType>(field: Field) {
  return z.exactOptional(field);
}

/** Text of one line: tags and names must not hold what separates them inside the server. */
export function line() {
  return z.preprocess(readText, z.string(MUST_BE_LINE).regex(/^[^\n\0]*$/, MUST_BE_LINE));
}

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: 'must be a list' }).readonly();
}

/** Text by text, such as the tags of a mapper rule. */
export function lineByLine() {
  return z.record(line(), line(), { error: 'must be a map of text to text' }).readonly();
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` });
}

/** A list, or the word that says there is nothing in it. */
export function listOrNone<Item extends z.ZodType>(item: Item, itemsText: string) {
  const error = `must be a list of ${itemsText}, or none`;
  return z.union([z.literal('none'), z.array(item).readonly()], { error });
}

/** A number, or text that reads as one. */
export function numberFrom(
  min: number,
  max: number,
  { isWhole = false, decimals = Number.POSITIVE_INFINITY } = {},
) {
  const bound = Number.isFinite(decimals) ? ` with at most ${decimals} decimals` : '';
  const error = `must be ${isWhole ? 'an integer' : 'a number'} from ${min} to ${max}${bound}`;
  const checked = isWhole ? z.int({ error }) : z.number({ error });
  const rounded = (value: number): number => (bound === '' ? value : Number(value.toFixed(decimals)));
  return z.preprocess(
    readNumber,
    checked
      .min(min, { error })
      .max(max, { error })
      .refine((value) => value === rounded(value), { error }),
  );
}

export function trueOrFalse() {
  return z.boolean({ error: 'must be true or false' });
}

/** Where in the value an issue is, in words: `entry 1 "airflow", mappings 2 "a.*": name`; empty for all of it. */
export function describePlace(value: unknown, path: readonly PropertyKey[]): string {
  let inner = readEntries(value);
  const words: string[] = [];
  path.forEach((step, depth) => {
    inner =
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined;
    if (typeof step !== 'number') words.push(String(step));
    else words.push(`${depth === 0 ? 'entry' : (words.pop() ?? '')} ${step + 1}${labelOf(inner)}`);
  });
  return words.join(', ');
}

const MUST_BE_LINE = { error: 'must be text without line breaks' };

/** What a person knows the entry by: the text that selects metrics, or a name. */
function labelOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return '';
  const { match, metric_name, name } = entry as Record<string, unknown>;
  const label = [match, metric_name, name].find((text) => typeof text === 'string' && text !== '');
  return label === undefined ? '' : ` ${JSON.stringify(label)}`;
}

function explainUnknownFields(keys: readonly string[], known: readonly string[]): string {
  return keys
    .map((key) => {
      const nearest = findNearest(key, known);
      const hint = nearest === undefined ? `allowed: ${known.join(', ')}` : `did you mean ${nearest}?`;
      return `${key} is not a known field; ${hint}`;
    })
    .join('; ');
}

function dropEmptyFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== null && field !== undefined),
  );
}

/** Reads JSON, or text that is not JSON as it is, which the check that follows refuses. */
function readEntries(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return [];
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
