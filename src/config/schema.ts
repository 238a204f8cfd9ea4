/**
 * The one schema: everything that can be configured, as types, validation, defaults and documentation.
 *
 *   agent-keys.ts ───┐                ┌─▶ Config         the type of a loaded configuration
 *   whippet-keys.ts ─┼─▶ configSchema ┼─▶ CONFIG_KEYS    every key with its names and words
 *   key-types.ts ────┘                └─▶ docs/configuration.md
 *
 * A new key is one entry in one of the two tables; names, parsing, errors and documentation follow.
 */
import { z } from 'zod';
import { agentKeys } from './keys/agent-keys.ts';
import { type KeyDocumentation, keyDocumentation } from './keys/key-documentation.ts';
import { whippetKeys } from './keys/whippet-keys.ts';

export const configSchema = z.strictObject({ ...agentKeys, ...whippetKeys }).readonly();

/** A loaded configuration: keys as in the file, every default filled in, frozen. */
export type Config = z.output<typeof configSchema>;

export type KeyGroup = 'agent' | 'whippet';

export interface ConfigKey {
  /** As in the file, sections separated by dots: `http.port`. */
  readonly path: string;
  readonly group: KeyGroup;
  /** The environment variable that sets it. */
  readonly variable: string;
  readonly documentation: KeyDocumentation;
}

const keys: ConfigKey[] = [];
const sections: string[] = [];
collectKeys('', configSchema.unwrap());

/** Every key, in the order of the documentation. */
export const CONFIG_KEYS: readonly ConfigKey[] = keys;

/** Paths of all sections: `http`, `outputs`, `outputs.file`, … */
export const CONFIG_SECTIONS: ReadonlySet<string> = new Set(sections);

/** The value at `path`; undefined when there is none. */
export function valueAt(config: Config, path: string): unknown {
  let value: unknown = config;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The value at a key as people may see it: secrets are hidden. */
export function shownAt(config: Config, { path, documentation }: ConfigKey): unknown {
  const value = valueAt(config, path);
  return documentation.conceal === undefined ? value : documentation.conceal(value);
}

function collectKeys(prefix: string, object: z.ZodObject): void {
  for (const [name, schema] of Object.entries(object.shape)) {
    const path = prefix + name;
    const documentation = keyDocumentation.get(schema as z.ZodType);
    if (documentation === undefined) {
      sections.push(path);
      collectKeys(`${path}.`, unwrapSection(schema));
    } else {
      const group = (path.split('.')[0] ?? '') in agentKeys ? 'agent' : 'whippet';
      keys.push({ path, group, variable: nameVariable(path, group), documentation });
    }
  }
}

/** Takes a section's object out of the wrappers `section` puts around it. */
function unwrapSection(schema: unknown): z.ZodObject {
  let inner = schema;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodReadonly) inner = inner.unwrap();
  if (!(inner instanceof z.ZodObject)) throw new TypeError('a schema is neither a key nor a section');
  return inner;
}

/** `dogstatsd_port` is DD_DOGSTATSD_PORT, `http.port` is WHIPPET_HTTP_PORT. */
function nameVariable(path: string, group: KeyGroup): string {
  const prefix = group === 'agent' ? 'DD_' : 'WHIPPET_';
  return prefix + path.toUpperCase().replaceAll('.', '_');
}
