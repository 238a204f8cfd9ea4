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

/** What a person has to know about a key. */
export interface KeyText {
  /** What the key does. */
  readonly what: string;
  /** What a higher, lower or other value costs and gains. */
  readonly trade: string;
  /** Who should change it, and when. */
  readonly who: string;
  /** Shown in place of the default when the default depends on the machine. */
  readonly defaultText?: string;
  /** For keys that hold secrets: the value as people may see it, whatever it is. */
  readonly conceal?: (value: unknown) => unknown;
}

export interface KeyDocumentation extends KeyText {
  readonly type: string;
  /** Completes "allowed: …" in errors and in the documentation. */
  readonly allowed: string;
  readonly unit?: string;
}

/** Every schema registered here is a key; every other schema below the root is a section. */
export const keyDocumentation = z.registry<KeyDocumentation>();

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
    .preprocess(readText, z.string().regex(rules.pattern ?? /^[^\0]*$/))
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
      const word = readText(value);
      if (typeof word !== 'string') return word;
      return readWord(word.toLowerCase(), aliases);
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
    .preprocess(readList, z.array(rules.item))
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
  return typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : value;
}

export function readNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const trimmed = value.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : value;
}

const TRUE_WORDS = new Set(['true', 'yes', 'on', 't', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'off', 'f', '0']);

/** The spellings the Agent takes: its YAML reader knows yes and on, its environment reader t and 1. */
function readBoolean(value: unknown): unknown {
  const text = readText(value);
  if (typeof text !== 'string') return value;
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  return value;
}

/** YAML reads `hostname: 42` as a number; as text it is what was written. */
export function readText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

// env:prod team:web            separated by white space
// ["env:prod", "team:web"]     or JSON, for items with spaces
function readList(value: unknown): unknown {
  const items = typeof value === 'string' ? splitList(value) : value;
  if (typeof items === 'number') return [String(items)];
  if (!Array.isArray(items)) return items;
  const texts = items.map(readText);
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
