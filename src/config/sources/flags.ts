/** Reads settings from the command line. Of two flags for one key the later one wins. */
import { explainUnknownPath, keyOfPath, unusedKeyOfPath } from '../keys/key-names.ts';
import type { Findings, Setting } from './setting.ts';

/** One flag as given. `key` is the key's path, or undefined for `--set`, whose value names it. */
export interface Flag {
  /** As typed: `--port`, `--set`. */
  readonly flag: string;
  readonly key?: string;
  /** Text, or true for a flag without a value. For `--set` the whole `key=value`. */
  readonly value: unknown;
}

export function readFlags(flags: readonly Flag[], findings: Findings): Iterable<Setting> {
  const settings: Setting[] = [];
  for (const { flag, key, value } of flags) {
    if (key === undefined) readAssignment(flag, String(value), settings, findings);
    else settings.push({ key, value, source: { kind: 'flag', flag } });
  }
  return settings;
}

// --set http.port=0
//       ^^^^^^^^^ ^   up to the first `=` the key, the rest its value, which may be empty
function readAssignment(flag: string, text: string, settings: Setting[], findings: Findings): void {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(equals, 0)).trim();
  const key = keyOfPath(path);
  const unused = unusedKeyOfPath(path);
  if (path === '') {
    const message = `${flag} is ${JSON.stringify(text)}; allowed: key=value, such as http.port=0`;
    findings.report('ERR_CONFIG_INVALID_VALUE', message);
  } else if (key !== undefined) {
    settings.push({ key, value: text.slice(equals + 1), source: { kind: 'flag', flag } });
  } else if (unused !== undefined) {
    findings.noteUnused(unused, { key: path, value: text.slice(equals + 1), source: { kind: 'flag', flag } });
  } else {
    findings.report('ERR_CONFIG_UNKNOWN_KEY', `${explainUnknownPath(path)} (flag ${flag})`);
  }
}
