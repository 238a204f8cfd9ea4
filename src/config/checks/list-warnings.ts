/**
 * Lists that say something else than was most likely meant. They are taken as the Agent takes them, with a warning:
 *
 *   DD_DOGSTATSD_TAGS="env:prod, team:web"    two tags, one of them `env:prod,`
 *   DD_DOGSTATSD_TAGS="env:prod,team:web"     one tag
 *   - env:prod, team:web                      one tag
 *   DD_DOGSTATSD_TAGS="'env:prod'"            a tag with quotes in it
 */
import { isQuoted } from '../keys/plain-text.ts';
import { CONFIG_KEYS, type Config, valueAt } from '../schema.ts';
import { describeSource, type Setting } from '../sources/setting.ts';
import { showValue } from '../views/show-value.ts';

export function listWarnings(config: Config, settings: ReadonlyMap<string, Setting>): string[] {
  const warnings: string[] = [];
  for (const { path, documentation } of CONFIG_KEYS) {
    const setting = settings.get(path);
    const items = valueAt(config, path);
    if (setting === undefined || documentation.type !== 'list' || !Array.isArray(items)) continue;
    const texts = items.filter((item): item is string => typeof item === 'string');
    for (const warning of [explainComma(setting, texts), explainQuotes(texts)])
      if (warning !== undefined) warnings.push(`${path}: ${warning} (${describeSource(setting.source)})`);
  }
  return warnings;
}

/** What to say about an entry with a comma; undefined when there is none. */
function explainComma({ value }: Setting, items: readonly string[]): string | undefined {
  const item = items.find((text) => text.includes(','));
  if (item === undefined) return undefined;
  const entry = `${showValue(item)} is one entry with a comma in it`;
  if (typeof value !== 'string' || value.trim().startsWith('['))
    return `${entry}; write each as an entry of its own if several were meant`;
  const meant = value.split(/[\s,]+/).filter((text) => text !== '');
  return `${entry}, because entries are separated by spaces; write ${showValue(meant.join(' '))} if that was meant`;
}

function explainQuotes(items: readonly string[]): string | undefined {
  const item = items.find(isQuoted);
  if (item === undefined) return undefined;
  return `the quotes of ${showValue(item)} are part of the entry; write it without them if that was not meant`;
}
