/** Text of a configuration as YAML, JSON (which is YAML) or TOML, by what it looks like: gostatsd reads all three. */
import yaml from 'js-yaml';
import { parse } from 'smol-toml';
import { type Fields, isMap } from './import-result.ts';

/** Throws with the reader's words when the text is neither. */
export function readFields(text: string, format: 'any' | 'toml' = 'any'): Fields {
  if (format === 'any' && !looksLikeToml(text)) {
    const value = yaml.load(text, { schema: yaml.CORE_SCHEMA });
    if (!isMap(value)) throw new Error('this is no configuration: it is not a map');
    return value;
  }
  return parse(text) as Fields;
}

/** A table, or a key that is set with an equals sign, before anything that YAML would have. */
function looksLikeToml(text: string): boolean {
  const line = text.split('\n').find((one) => !/^\s*(?:#.*)?$/.test(one)) ?? '';
  return /^\s*(?:\[{1,2}[^\]]+\]{1,2}\s*(?:#.*)?$|[\w."'-]+\s*=)/.test(line);
}
