/**
 * Reads a YAML file whole, synchronously. Everything wrong with it is reported with its place; nothing here
 * throws.
 *
 *   text ─▶ js-yaml, core schema: null, true, 12, text, lists, maps; `<<` merges, as the Agent's reader does
 *             ─▶ every other kind (`!!binary`, `!!set`, `!foo`) is an error with its line
 *             ─▶ walked once, so that aliases cannot make a small file endless
 *
 * Limits  VALUES_MAX values, each counted as often as an alias repeats it, and DEPTH_MAX levels. A list of 300,000 entries
 *         takes about 0.2 seconds (docs/decisions/dependencies.md).
 */
import yaml from 'js-yaml';
import { PIPE_WAIT_MS, readFileNow } from '../../lib/files/plain-file.ts';
import type { Findings } from './setting.ts';

const VALUES_MAX = 4_000_000;
const DEPTH_MAX = 200;

/** What js-yaml calls the kinds that are written with two exclamation marks. */
const STANDARD_TAG = 'tag:yaml.org,2002:';

/** Every value is text, apart from an empty one. */
const TEXT_SCHEMA = yaml.FAILSAFE_SCHEMA.extend({
  implicit: [
    new yaml.Type(`${STANDARD_TAG}null`, {
      kind: 'scalar',
      resolve: (text: string | null) => text === null || text === '' || text === '~' || text === 'null',
      construct: () => null,
    }),
    new yaml.Type(`${STANDARD_TAG}merge`, {
      kind: 'scalar',
      resolve: (text: string | null) => text === '<<',
    }),
  ],
});
const VALUE_SCHEMA = yaml.CORE_SCHEMA.extend({
  implicit: [
    new yaml.Type(`${STANDARD_TAG}merge`, {
      kind: 'scalar',
      resolve: (text: string | null) => text === '<<',
    }),
  ],
});

export interface YamlFile {
  readonly path: string;
  /** What the file is, for people: `configuration file`. */
  readonly what: string;
  /** Every scalar is text as written: `12e4` may be a container id. */
  readonly textOnly?: boolean;
}

/** Returns the map the file holds; undefined when it is empty, or wrong, which is reported. */
export function readYamlFile(file: YamlFile, findings: Findings): object | undefined {
  try {
    return parseYaml(readFileNow(file.path, { waitMs: PIPE_WAIT_MS }).toString(), file, findings);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report(
      'ERR_CONFIG_UNREADABLE',
      `the ${file.what} ${file.path} cannot be read: ${reason}`,
      cause,
    );
    return undefined;
  }
}

function parseYaml(
  content: string,
  { path, textOnly = false }: YamlFile,
  findings: Findings,
): object | undefined {
  let root: unknown;
  try {
    root = yaml.load(content, { schema: textOnly ? TEXT_SCHEMA : VALUE_SCHEMA });
  } catch (cause) {
    const { place, reason } = describeFailure(cause, content);
    findings.report('ERR_CONFIG_SYNTAX', `${path}${place}: ${reason}`, cause);
    return undefined;
  }
  if (root === null || root === undefined || root === '') return undefined;
  const excess = findExcess(root);
  if (excess !== undefined) findings.report('ERR_CONFIG_SYNTAX', `${path}: ${excess}`);
  else if (isMap(root)) return root;
  else findings.report('ERR_CONFIG_SYNTAX', `${path}:1:1: the file is not a map of keys and values`);
  return undefined;
}

/** Where parsing stopped, as `:LINE:COLUMN`, and why. */
function describeFailure(cause: unknown, content: string): { place: string; reason: string } {
  if (!(cause instanceof yaml.YAMLException)) {
    // Nesting deeper than the stack.
    return { place: '', reason: cause instanceof Error ? cause.message : String(cause) };
  }
  const mark = cause.mark as { readonly line: number; readonly column: number } | undefined;
  const tag = /^unknown (?:\w+ )?tag !<(.*)>/.exec(cause.reason)?.[1];
  if (tag !== undefined) {
    const written = tag.startsWith(STANDARD_TAG) ? `!!${tag.slice(STANDARD_TAG.length)}` : tag;
    const at = content.indexOf(written);
    const place = at < 0 ? placeOf(mark) : placeAt(content, at);
    return {
      place,
      reason: `a value of the kind ${written} cannot be used; write text, a number, true, false, a list or a map`,
    };
  }
  return { place: placeOf(mark), reason: cause.reason };
}

function placeOf(mark: { readonly line: number; readonly column: number } | undefined): string {
  return mark === undefined ? '' : `:${mark.line + 1}:${mark.column + 1}`;
}

/** The place of a tag is where it is written; the parser says where its value ends. */
function placeAt(content: string, at: number): string {
  const before = content.slice(0, at).split('\n');
  return `:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

/** What is too much about the file, whose aliases may repeat each other without end; undefined when nothing is. */
function findExcess(root: unknown): string | undefined {
  let values = 0;
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (++values > VALUES_MAX) return `it holds more than ${VALUES_MAX} values, aliases included`;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === DEPTH_MAX) return `it is nested more than ${DEPTH_MAX} levels deep`;
    const inner = Array.isArray(value) ? value : Object.values(value);
    for (const one of inner) {
      if (typeof one === 'object' && one !== null) pending.push({ value: one, depth: depth + 1 });
      else values++;
    }
  }
  return values > VALUES_MAX ? `it holds more than ${VALUES_MAX} values, aliases included` : undefined;
}

export function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
