/**
 * Each key of an Agent's file: the same here, different (in what), lost (what that means), or another part of the Agent.
 * What whippet does with a key is decided by the configuration's own tables, so that this cannot say something else.
 */
import {
  explainForeignPath,
  holdsUnusedKeys,
  isSection,
  keyOfPath,
  unusedKeyOfPath,
} from '../config/keys/key-names.ts';
import { isHarmless } from '../config/keys/unused-agent-keys.ts';
import { Findings } from '../config/sources/setting.ts';
import { isMap, readYamlFile } from '../config/sources/yaml-file.ts';
import type { Finding } from './finding.ts';
import { differenceOf, OTHER_PARTS } from './key-differences.ts';

/** What to say about every key of the file. A file that cannot be read is one finding. */
export function readAgentFile(path: string): Finding[] {
  const findings = new Findings();
  const root = readYamlFile({ path, what: 'configuration file' }, findings);
  if (findings.problems.length > 0) {
    return findings.problems.map(({ message }) => finding(path, 'fail', message));
  }
  return root === undefined ? [] : Object.entries(root).flatMap(([name, value]) => readKey(name, value));
}

function readKey(path: string, value: unknown): Finding[] {
  const key = keyOfPath(path);
  const unused = unusedKeyOfPath(path);
  const isLookedInto = isSection(path) || (key === undefined && holdsUnusedKeys(path));
  if (isMap(value) && isLookedInto) {
    return Object.entries(value).flatMap(([name, inner]) => readKey(`${path}.${name}`, inner));
  }
  if (value === null || value === undefined) return [];
  if (key !== undefined) {
    const difference = differenceOf(key, value);
    return [difference === undefined ? finding(path, 'same', '') : finding(path, 'differs', difference)];
  }
  if (unused !== undefined) {
    if (unused.lost === undefined)
      return [finding(path, 'same', 'how the Agent works inside; not needed here')];
    return [
      isHarmless(unused, value)
        ? finding(path, 'same', 'with this value nothing is different')
        : finding(path, 'lost', unused.lost),
    ];
  }
  const slip = explainForeignPath(path);
  if (slip !== undefined) return [finding(path, 'lost', slip)];
  const part = OTHER_PARTS.find(({ prefix }) => path.startsWith(prefix));
  const detail = part === undefined ? 'not about DogStatsD' : `${part.lost}: keep an Agent for it`;
  return [finding(path, 'other', detail)];
}

function finding(subject: string, status: Finding['status'], detail: string): Finding {
  return { section: 'keys', subject, status, detail };
}
