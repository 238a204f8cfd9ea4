/**
 * What a name in a file, a variable or a flag refers to, and what to say about one that refers to
 * nothing. Names of ours must be right; names of the Agent may be unused; the Agent's other keys
 * (`logs_enabled`, `apm_config`, …) are none of our business.
 */
import { findNearest } from '../lib/nearest.ts';
import { CONFIG_KEYS, CONFIG_SECTIONS } from './schema.ts';
import { UNUSED_AGENT_KEYS } from './unused-agent-keys.ts';

/** Each name a value can be given under, with the path of its key. */
const keyByPath = new Map<string, string>();
const keyByVariable = new Map<string, string>();
for (const { path, variable } of CONFIG_KEYS) {
  keyByPath.set(path, path);
  keyByVariable.set(variable, path);
  // `outputs.prometheus: false` is short for `outputs.prometheus.enabled: false`.
  if (path.endsWith('.enabled')) {
    keyByPath.set(path.slice(0, -'.enabled'.length), path);
    keyByVariable.set(variable.slice(0, -'_ENABLED'.length), path);
  }
}

const unusedPaths = UNUSED_AGENT_KEYS.map((name) => name.replace(/\.$/, ''));
const unusedVariables = unusedPaths.map((path) => `DD_${path.toUpperCase().replaceAll('.', '_')}`);
/** What stands at the top of a file. */
const topNames = new Set([...keyByPath.keys()].map(topOf));
const ownTopNames = new Set(
  CONFIG_KEYS.filter((key) => key.group === 'whippet').map((key) => topOf(key.path)),
);

export function keyOfPath(path: string): string | undefined {
  return keyByPath.get(path);
}

export function keyOfVariable(variable: string): string | undefined {
  return keyByVariable.get(variable);
}

export function isSection(path: string): boolean {
  return CONFIG_SECTIONS.has(path);
}

/** True for names at or below a name of ours: a wrong one is an error. */
export function isOurs(path: string): boolean {
  return ownTopNames.has(topOf(path));
}

export function isUnusedPath(path: string): boolean {
  return UNUSED_AGENT_KEYS.some((name) => matches(path, name, '.'));
}

export function isUnusedVariable(variable: string): boolean {
  return UNUSED_AGENT_KEYS.some((name) =>
    matches(variable, `DD_${name.toUpperCase()}`.replaceAll('.', '_'), '_'),
  );
}

/** What to say about `path`, which is not a key: the nearest key, or those of its section. */
export function explainUnknownPath(path: string): string {
  const nearest = findNearest(path, [...keyByPath.keys(), ...unusedPaths]);
  return explainUnknown(path, nearest ?? listMembers(path));
}

export function explainUnknownVariable(variable: string): string {
  const agentName = variable.replace(/^WHIPPET_/, 'DD_');
  if (agentName !== variable && keyByVariable.has(agentName)) return explainUnknown(variable, agentName);
  const known = [...keyByVariable.keys(), 'WHIPPET_CONFIG', ...unusedVariables];
  return explainUnknown(variable, findNearest(variable, known));
}

/**
 * What to warn about a name that may be the Agent's business: something when it is about DogStatsD or
 * looks like a slip of one of our names, nothing otherwise.
 */
export function explainForeignPath(path: string): string | undefined {
  if (/^(dogstatsd_|statsd_)/i.test(path)) return explainUnknownPath(path);
  const top = topOf(path);
  const nearest = findSlip(top, topNames);
  return nearest === undefined ? undefined : explainUnknown(top, nearest);
}

export function explainForeignVariable(variable: string): string | undefined {
  if (/^DD_(DOGSTATSD_|STATSD_)/.test(variable)) return explainUnknownVariable(variable);
  const nearest = findSlip(variable, keyByVariable.keys());
  return nearest === undefined ? undefined : explainUnknown(variable, nearest);
}

function explainUnknown(name: string, suggestion: string | undefined): string {
  const start = `${name} is not a known key`;
  return suggestion === undefined ? start : `${start}; did you mean ${suggestion}?`;
}

/** The keys of the section that `path` is, or is in. */
function listMembers(path: string): string | undefined {
  const section = isSection(path) ? path : path.slice(0, Math.max(path.lastIndexOf('.'), 0));
  const members = CONFIG_KEYS.filter((key) => key.path.startsWith(`${section}.`));
  return members.length === 0 ? undefined : members.map((key) => key.path).join(' or ');
}

/** Nearer than `findNearest` asks for: a key of another part of the Agent must not look like a slip. */
function findSlip(name: string, known: Iterable<string>): string | undefined {
  if (name.length < 5) return undefined;
  return findNearest(name, known, name.length < 8 ? 1 : 2);
}

function matches(name: string, pattern: string, separator: string): boolean {
  if (!pattern.endsWith(separator)) return name === pattern;
  return name === pattern.slice(0, -1) || name.startsWith(pattern);
}

function topOf(path: string): string {
  return path.split('.', 1)[0] ?? path;
}
