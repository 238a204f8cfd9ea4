/**
 * A contract: which metrics a run sends, of which types, with which tag keys and within which bounds. Stored beside
 * the code and compared with the next run, it shows what dashboards and alerts would notice.
 *
 *   { "version": 1, "metrics": [ { "name": "checkout.paid", "type": "count", "tag_keys": ["env"], "min": 0 } ],
 *     "events": ["Deployed"], "service_checks": ["db.up"] }
 *
 * Tag keys are those any line of the metric had; tags without a colon count as keys. Bounds are for single values,
 * and only compared where they are given.
 */
import { z } from 'zod';
import type { TestServer } from './test-server/test-server.ts';

const contractSchema = z.strictObject({
  version: z.literal(1),
  metrics: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['count', 'gauge', 'histogram', 'timing', 'distribution', 'set']),
      tag_keys: z.array(z.string()),
      min: z.number().optional(),
      max: z.number().optional(),
    }),
  ),
  events: z.array(z.string()).default([]),
  service_checks: z.array(z.string()).default([]),
});

export type Contract = z.infer<typeof contractSchema>;
type ContractMetric = Contract['metrics'][number];

/** The contract file is not one; the message says where. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code = 'ERR_CONTRACT';
}

/** What a test server received, as a contract. With `bounds`, the values it saw are the bounds. */
export function contractOf(server: TestServer, { bounds }: { readonly bounds: boolean }): Contract {
  const metrics = new Map<string, ContractMetric>();
  for (const { name, type, tags, min, max, samples } of server.metrics()) {
    const key = `${name}\n${type}`;
    const known = metrics.get(key) ?? { name, type, tag_keys: [] };
    known.tag_keys = [...new Set([...known.tag_keys, ...tags.map(keyOf)])].sort();
    if (bounds && type !== 'set' && samples > 0) {
      known.min = Math.min(known.min ?? min, min);
      known.max = Math.max(known.max ?? max, max);
    }
    metrics.set(key, known);
  }
  return {
    version: 1,
    metrics: [...metrics.values()].sort((a, b) => compare(a.name, b.name) || compare(a.type, b.type)),
    events: [...new Set(server.events().map(({ title }) => title))].sort(),
    service_checks: [...new Set(server.serviceChecks().map(({ name }) => name))].sort(),
  };
}

/** Reads a contract. Throws ContractError. */
export function parseContract(text: string): Contract {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ContractError(`not JSON: ${(cause as Error).message}`, { cause });
  }
  const result = contractSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ContractError(`${issue?.path.join('.')}: ${issue?.message}`);
}

export function formatContract(contract: Contract): string {
  const metrics = contract.metrics.map((metric) => `    ${JSON.stringify(metric)}`).join(',\n');
  const list = (items: readonly string[]): string => JSON.stringify(items);
  return `{
  "version": 1,
  "metrics": [
${metrics}
  ],
  "events": ${list(contract.events)},
  "service_checks": ${list(contract.service_checks)}
}
`;
}

/**
 * In what a run (its contract with bounds) breaks the contract, a sentence each; empty when it keeps it. New metrics
 * break it too, unless `allowNew`.
 */
export function compareContract(
  want: Contract,
  has: Contract,
  { allowNew }: { readonly allowNew: boolean },
): string[] {
  const differences: string[] = [];
  for (const wanted of want.metrics) {
    const found = has.metrics.find(({ name, type }) => name === wanted.name && type === wanted.type);
    if (found === undefined) {
      const others = has.metrics.filter(({ name }) => name === wanted.name).map(({ type }) => type);
      differences.push(
        others.length === 0
          ? `${wanted.name} (${wanted.type}) was not sent`
          : `${wanted.name} is a ${others.join(' and a ')}, not a ${wanted.type}`,
      );
    } else differences.push(...metricDifferences(wanted, found));
  }
  differences.push(...missing('event', want.events, has.events));
  differences.push(...missing('service check', want.service_checks, has.service_checks));
  if (!allowNew) differences.push(...newOnes(want, has));
  return differences;
}

function metricDifferences(want: ContractMetric, has: ContractMetric): string[] {
  const differences: string[] = [];
  const [lost, added] = [minus(want.tag_keys, has.tag_keys), minus(has.tag_keys, want.tag_keys)];
  if (lost.length > 0) differences.push(`${want.name} lost the tag${plural(lost)} ${lost.join(', ')}`);
  if (added.length > 0) differences.push(`${want.name} has the new tag${plural(added)} ${added.join(', ')}`);
  if (want.min !== undefined && has.min !== undefined && has.min < want.min) {
    differences.push(`${want.name} was ${has.min}, below its minimum of ${want.min}`);
  }
  if (want.max !== undefined && has.max !== undefined && has.max > want.max) {
    differences.push(`${want.name} was ${has.max}, above its maximum of ${want.max}`);
  }
  return differences;
}

function newOnes(want: Contract, has: Contract): string[] {
  const known = new Set(want.metrics.map(({ name }) => name));
  return [
    ...has.metrics.filter(({ name }) => !known.has(name)).map(({ name, type }) => `${name} (${type}) is new`),
    ...minus(has.events, want.events).map((title) => `the event "${title}" is new`),
    ...minus(has.service_checks, want.service_checks).map((name) => `the service check ${name} is new`),
  ];
}

function missing(what: string, want: readonly string[], has: readonly string[]): string[] {
  return minus(want, has).map((name) => `the ${what} "${name}" was not sent`);
}

function minus(a: readonly string[], b: readonly string[]): string[] {
  return a.filter((item) => !b.includes(item));
}

function keyOf(tag: string): string {
  return tag.split(':', 1)[0] as string;
}

function plural(list: readonly string[]): string {
  return list.length === 1 ? '' : 's';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
