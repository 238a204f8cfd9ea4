/**
 * What a name in a file, a variable or a flag refers to, and what to say about one that refers to
 * nothing. Names of ours must be right; names of the Agent may be unused; the Agent's other keys
 * (`logs_enabled`, `apm_config`, …) are none of our business.
 */
import { findNearest } from '../../lib/text/nearest.ts';
import { CONFIG_KEYS, CONFIG_SECTIONS } from '../schema.ts';
import { UNUSED_AGENT_KEYS, type UnusedAgentKey } from './unused-agent-keys.ts';

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

const unusedPaths = UNUSED_AGENT_KEYS.map(({ name }) => name.replace(/\.$/, ''));
const unusedVariables = unusedPaths.map((path) => `DD_${path.toUpperCase().replaceAll('.', '_')}`);
/** What stands at the top of a file. */
const topNames = new Set([...keyByPath.keys()].map(topOf));
/** Names of the Agent that shape data and are not used: a slip of one is as silent as one of ours. */
const unusedTopNames = new Set(unusedPaths.map(topOf));
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

/** The key of the Agent at `path` that is not used; undefined for all others. */
export function unusedKeyOfPath(path: string): UnusedAgentKey | undefined {
  return UNUSED_AGENT_KEYS.find(({ name }) => matches(path, name, '.'));
}

export function unusedKeyOfVariable(variable: string): UnusedAgentKey | undefined {
  return UNUSED_AGENT_KEYS.find(({ name }) =>
    matches(variable, `DD_${name.toUpperCase()}`.replaceAll('.', '_'), '_'),
  );
}

/** Whether keys that are not used are below `path`, so that one has to look at each. */
export function holdsUnusedKeys(path: string): boolean {
  return UNUSED_AGENT_KEYS.some(({ name }) => name.startsWith(`${path}.`) && name !== `${path}.`);
}

/** What to say about `path`, which is not a key: the one name it is nearest to. */
export function explainUnknownPath(path: string): string {
  if (isSection(path)) return `${path} is a section; set a key in it, such as ${firstMember(path)}`;
  const nearest = findNearest(path, [...keyByPath.keys(), ...CONFIG_SECTIONS, ...unusedPaths]);
  return explainUnknown(path, nearest === undefined ? undefined : keyFor(nearest));
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
  if (holdsKeys(top)) {
    const slip = findSlip(path, [...keyByPath.keys(), ...CONFIG_SECTIONS, ...unusedPaths]);
    return slip === undefined ? undefined : explainUnknown(path, slip);
  }
  const nearest = findSlip(top, [...topNames, ...unusedTopNames]);
  return nearest === undefined ? undefined : explainUnknown(top, nearest);
}

export function explainForeignVariable(variable: string): string | undefined {
  if (/^DD_(DOGSTATSD_|STATSD_)/.test(variable)) return explainUnknownVariable(variable);
  const nearest = findSlip(variable, [...keyByVariable.keys(), ...unusedVariables]);
  return nearest === undefined ? undefined : explainUnknown(variable, nearest);
}

/** Whether keys that mean something here are below `top`: of the others there, only slips are of interest. */
function holdsKeys(top: string): boolean {
  return CONFIG_SECTIONS.has(top) || unusedTopNames.has(top);
}

function explainUnknown(name: string, suggestion: string | undefined): string {
  const start = `${name} is not a known key`;
  return suggestion === undefined ? start : `${start}; did you mean ${suggestion}?`;
}

/** The first key of a section, or of the section in it that comes first. */
export function firstMember(section: string): string {
  return CONFIG_KEYS.find((key) => key.path.startsWith(`${section}.`))?.path ?? section;
}

/** A section with a single key is meant by its name: `outputs.file` is `outputs.file.path`. */
function keyFor(name: string): string {
  if (keyByPath.has(name) || !isSection(name)) return name;
  const members = CONFIG_KEYS.filter((key) => key.path.startsWith(`${name}.`));
  return members.length === 1 ? firstMember(name) : name;
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
