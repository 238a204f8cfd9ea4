/**
 * Environment variables of containers: only those that make tags are kept, the rest, secrets included, is dropped as soon
 * as it is read (docs/origin.md#what-is-kept).
 */

import type { NameRules } from './names-as-tags.ts';
import type { TagList } from './tag-list.ts';

type Variables = Readonly<Record<string, string>>;

const STANDARD = { DD_ENV: 'env', DD_SERVICE: 'service', DD_VERSION: 'version' } as const;
const LOW = {
  DD_GIT_COMMIT_SHA: 'git.commit.sha',
  DD_GIT_REPOSITORY_URL: 'git.repository_url',
  MARATHON_APP_ID: 'marathon_app',
  CHRONOS_JOB_NAME: 'chronos_job',
  CHRONOS_JOB_OWNER: 'chronos_job_owner',
  NOMAD_TASK_NAME: 'nomad_task',
  NOMAD_JOB_NAME: 'nomad_job',
  NOMAD_GROUP_NAME: 'nomad_group',
  NOMAD_NAMESPACE: 'nomad_namespace',
  NOMAD_DC: 'nomad_dc',
} as const;
const ORCHESTRATOR = { MESOS_TASK_ID: 'mesos_task' } as const;
const OTEL_ATTRIBUTES = 'OTEL_RESOURCE_ATTRIBUTES';
const OTEL_SERVICE = 'OTEL_SERVICE_NAME';
const OTEL_NAMES: Readonly<Record<string, string>> = {
  'service.name': 'service',
  'service.version': 'version',
  'deployment.environment': 'env',
  'deployment.environment.name': 'env',
};

const INCLUDED = new Set<string>([
  ...Object.keys(STANDARD),
  ...Object.keys(LOW),
  ...Object.keys(ORCHESTRATOR),
  OTEL_ATTRIBUTES,
  OTEL_SERVICE,
]);

/** Takes what may be kept out of `NAME=value` entries. Entries without `=` are no variables. */
export function includedVariables(entries: Iterable<unknown>, rules: NameRules): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const entry of entries) {
    if (typeof entry !== 'string') continue;
    const equals = entry.indexOf('=');
    if (equals <= 0) continue;
    const name = entry.slice(0, equals);
    if (isIncluded(name, rules)) setOwn(kept, name, entry.slice(equals + 1));
  }
  return kept;
}

export function isIncluded(name: string, rules: NameRules): boolean {
  return INCLUDED.has(name) || rules.wants(name);
}

export function addVariables(list: TagList, variables: Variables, rules: NameRules): void {
  for (const [name, tag] of Object.entries(STANDARD)) list.standard(tag, own(variables, name));
  for (const pair of (own(variables, OTEL_ATTRIBUTES) ?? '').split(',')) {
    const equals = pair.indexOf('=');
    const tag = equals < 0 ? undefined : own(OTEL_NAMES, pair.slice(0, equals).trim());
    if (tag !== undefined) list.standard(tag, pair.slice(equals + 1).trim());
  }
  list.standard('service', own(variables, OTEL_SERVICE));
  for (const [name, tag] of Object.entries(LOW)) list.add('low', tag, own(variables, name));
  for (const [name, tag] of Object.entries(ORCHESTRATOR)) list.add('orchestrator', tag, own(variables, name));
  rules.addTo(list, variables);
}

/** The value of a name that the object itself has, whatever the name: `constructor` is a label like any other. */
export function own(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Sets a property of any name, `__proto__` included. */
export function setOwn(values: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}
