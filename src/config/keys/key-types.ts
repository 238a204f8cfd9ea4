/**
 * The kinds of value a key can have. Each makes a zod schema that reads the value from text (flags,
 * environment) as well as from YAML, checks it, fills in the default, and is registered with the words
 * that document it.
 *
 *   'DD_DOGSTATSD_PORT=8125' ──┐
 *   'dogstatsd_port: 8125' ────┼─▶ read text as this kind ─▶ check bounds ─▶ 8125
 *   '--port 8125' ─────────────┘
 *
 * Text that does not read as the kind stays text, so the check that follows refuses it.
 */
import { z } from 'zod';
import { arrayOf } from '../../lib/checked-array.ts';
import { type KeyText, keyDocumentation } from './key-documentation.ts';
import { readPlainText, readText, refuseQuotes } from './plain-text.ts';

interface NumberRules {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

interface IntegerRules extends NumberRules {
  readonly powerOfTwo?: boolean;
  /** Words that stand for a number. */
  readonly words?: Readonly<Record<string, number>>;
}

export function integer(rules: IntegerRules, text: KeyText) {
  const { min, max, words = {}, powerOfTwo = false } = rules;
  const checked = z
    .int()
    .min(min)
    .max(max)
    .refine((value) => !powerOfTwo || Number.isInteger(Math.log2(value)));
  const noun = powerOfTwo ? 'a power of two' : 'an integer';
  const bounds = `${noun} from ${min} to ${max}${inUnit(rules.unit)}`;
  return z
    .preprocess((value) => readNumber(readWord(value, words)), checked)
    .default(rules.default)
    .register(keyDocumentation, {
      ...text,
      type: 'integer',
      allowed: [bounds, ...Object.keys(words)].join(', or '),
      ...(rules.unit === undefined ? {} : { unit: rules.unit }),
    });
}

export function number(rules: NumberRules, text: KeyText) {
  const { min, max, unit } = rules;
  return z
    .preprocess(readNumber, z.number().min(min).max(max))
    .default(rules.default)
    .register(keyDocumentation, {
      ...text,
      type: 'number',
      allowed: `a number from ${min} to ${max}${inUnit(unit)}`,
      ...(unit === undefined ? {} : { unit }),
    });
}

export function seconds(rules: NumberRules, text: KeyText) {
  return number({ ...rules, unit: 'seconds' }, text);
}

export function yesOrNo(rules: { readonly default: boolean }, text: KeyText) {
  return z
    .preprocess(readBoolean, z.boolean())
    .default(rules.default)
    .register(keyDocumentation, { ...text, type: 'boolean', allowed: 'true or false' });
}

/** True, false or a word, as for something that decides for itself unless told. */
export function yesNoOr<const Word extends string>(
  rules: { readonly default: NoInfer<Word> | boolean; readonly word: Word },
  text: KeyText,
) {
  return z
    .preprocess(readBoolean, z.union([z.literal(rules.word), z.boolean()]))
    .default(() => rules.default)
    .register(keyDocumentation, {
      ...text,
      type: `boolean or ${rules.word}`,
      allowed: `${rules.word}, true or false`,
    });
}

interface TextRules {
  readonly default: string;
  /** What the text has to look like; any text when not given. */
  readonly pattern?: RegExp;
  /** The pattern in words, completing "text …". */
  readonly patternText?: string;
}

export function text(rules: TextRules, documentation: KeyText) {
  return z
    .preprocess(
      readPlainText,
      z
        .string()
        .regex(
          rules.pattern ?? /^[^\0]*$/,
          `must be text${rules.patternText === undefined ? '' : ` ${rules.patternText}`}`,
        )
        .superRefine(refuseQuotes),
    )
    .default(rules.default)
    .register(keyDocumentation, {
      ...documentation,
      type: 'text',
      allowed: rules.patternText === undefined ? 'text' : `text ${rules.patternText}`,
    });
}

/** One word of a list; upper and lower case are the same. `aliases` are other spellings of a word. */
export function choice<const Word extends string>(
  rules: {
    readonly default: NoInfer<Word>;
    readonly words: readonly Word[];
    readonly aliases?: Readonly<Record<string, NoInfer<Word>>>;
  },
  documentation: KeyText,
) {
  const aliases: Readonly<Record<string, string>> = rules.aliases ?? {};
  return z
    .preprocess((value) => {
      const word = readPlainText(value);
      return typeof word === 'string' ? readWord(word.toLowerCase(), aliases) : word;
    }, z.enum(rules.words))
    .default(() => rules.default)
    .register(keyDocumentation, {
      ...documentation,
      type: 'text',
      allowed: `one of ${[...rules.words, ...Object.keys(aliases)].join(', ')}`,
    });
}

/** A list of texts, each kept once. */
export function list<Item extends z.ZodType<string>>(
  rules: { readonly default: readonly z.output<Item>[]; readonly item: Item; readonly itemText: string },
  documentation: KeyText,
) {
  return z
    .preprocess(readList, arrayOf(rules.item))
    .default(() => [...rules.default])
    .readonly()
    .register(keyDocumentation, {
      ...documentation,
      type: 'list',
      allowed: `a list of ${rules.itemText}`,
    });
}

/** A group of keys. Absent means every key in it has its default. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .strictObject(shape)
    .readonly()
    .prefault({} as never);
}

function inUnit(unit: string | undefined): string {
  return unit === undefined ? '' : ` ${unit}`;
}

function readWord(value: unknown, words: Readonly<Record<string, unknown>>): unknown {
  const word = typeof value === 'string' ? value.trim() : value;
  return typeof word === 'string' && Object.hasOwn(words, word) ? words[word] : value;
}

export function readNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const trimmed = value.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : value;
}

const TRUE_WORDS = new Set(['true', 'yes', 'on', 't', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'off', 'f', '0']);

/** The spellings the Agent takes: its YAML reader knows yes and on, its environment reader t and 1. */
export function readBoolean(value: unknown): unknown {
  const text = readText(value);
  if (typeof text !== 'string') return value;
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  return value;
}

// env:prod team:web            separated by white space
// ["env:prod", "team:web"]     or JSON, for items with spaces
function readList(value: unknown): unknown {
  const items = typeof value === 'string' ? splitList(value) : value;
  if (typeof items === 'number') return [String(items)];
  if (!Array.isArray(items)) return items;
  const texts = items.map(readPlainText);
  return [...new Set(texts)];
}

function splitList(value: string): unknown {
  const trimmed = value.trim();
  if (!trimmed.startsWith('[')) return trimmed.split(/\s+/).filter((item) => item !== '');
  try {
    return JSON.parse(trimmed);
  } catch {
    return value;
  }
}
