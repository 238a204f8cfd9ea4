/**
 * Runs every vector of the five files through the public `explain`: parsing, enrichment and mapping as a
 * user of the package sees them. Every field a vector does not mention must have its default.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  type ExplainOptions,
  explain,
  type JsonObject,
  type PacketSource,
  type Workloads,
} from '../../src/index.ts';

interface Vector {
  id: string;
  input?: string;
  input_b64?: string;
  config?: JsonObject;
  packet?: { source?: PacketSource; origin?: string; pid?: number };
  tagger?: Workloads;
  expect: JsonObject;
}

for (const file of ['metrics', 'events', 'service_checks'])
  suite(file, (vector) => {
    const { messages, unterminated } = explainVector(vector);
    const wanted =
      vector.expect.kind === 'packet' ? (vector.expect.messages as JsonObject[]) : [vector.expect];
    expect(unterminated).toBe(vector.expect.unterminated ?? 0);
    expect(messages.map(({ parsed }) => complete(parsed))).toEqual(wanted.map(complete));
  });

suite('enrich', (vector) => {
  const { messages } = explainVector(vector);
  const enriched = messages.map((message) => message.enriched ?? {});
  if (vector.expect.kind !== 'samples') {
    expect(enriched.map(completeEnriched)).toEqual([completeEnriched(vector.expect)]);
    return;
  }
  // In a packet of several lines the vector lists the samples of all of them.
  for (const { kind } of enriched) expect(kind).toBe('samples');
  const samples = enriched.flatMap((message) => message.samples as JsonObject[]);
  const wanted = (vector.expect.samples ?? []) as JsonObject[];
  expect(samples.map(completeSample)).toEqual(wanted.map(completeSample));
  const filtered = enriched.reduce((sum, message) => sum + (message.filtered as number), 0);
  expect(filtered).toBe(vector.expect.filtered ?? 0);
});

suite('mapper', (vector) => {
  const line = { ...vector, input: `${vector.input}:1|c` };
  if (vector.expect.kind === 'error') {
    expect(() => explainVector(line)).toThrow(ConfigError);
    expect(() => explainVector(line)).toThrow(
      expect.objectContaining({ reason: String(vector.expect.error) }),
    );
    return;
  }
  const enriched = explainVector(line).messages[0]?.enriched ?? {};
  const [sample] = enriched.samples as [JsonObject];
  const mapped = vector.expect.kind === 'mapped';
  expect(sample.name).toBe(mapped ? (vector.expect.name ?? '') : vector.input);
  const tags = mapped ? ((vector.expect.tags ?? []) as string[]) : [];
  expect([...(sample.tags as string[])].sort()).toEqual([...tags].sort());
});

function suite(file: string, check: (vector: Vector) => void): void {
  const vectors: Vector[] = JSON.parse(readFileSync(new URL(`${file}.json`, import.meta.url), 'utf8'));
  describe(`${file}.json through explain`, () => {
    for (const vector of vectors) it(vector.id, () => check(vector));
  });
}

function explainVector(vector: Vector) {
  const { input = '', input_b64, config = {}, packet = {}, tagger } = vector;
  const options: ExplainOptions = { config, ...packet, ...(tagger && { tagger }) };
  return explain(input_b64 === undefined ? input : Buffer.from(input_b64, 'base64'), options);
}

const ORIGIN = {
  socket: '',
  pid: 0,
  container_id: '',
  inode: 0,
  pod_uid: '',
  external: { init: false, container_name: '', pod_uid: '' },
  cardinality: '',
};
const PARSED = {
  tags: [],
  timestamp: 0,
  local_data: { container_id: '', inode: 0 },
  external_data: { init: false, container_name: '', pod_uid: '' },
  cardinality: '',
};

/** What fields have that are left out, by kind and stage. */
const DEFAULTS: Record<string, JsonObject> = {
  metric: { ...PARSED, name: '', sample_rate: 1 },
  event: {
    ...PARSED,
    title: '',
    text: '',
    hostname: '',
    aggregation_key: '',
    priority: 'normal',
    source_type: '',
    alert_type: 'info',
    warnings: 0,
  },
  service_check: { ...PARSED, name: '', status: 0, hostname: '', message: '', warnings: 0 },
  error: {},
  sample: {
    sample_rate: 1,
    tags: [],
    host: 'agent-host',
    timestamp: 0,
    unit: '',
    source: 'dogstatsd',
    pipeline: 'aggregated',
    origin: ORIGIN,
  },
  'enriched event': {
    title: '',
    text: '',
    timestamp: 0,
    host: 'agent-host',
    priority: 'normal',
    alert_type: 'info',
    aggregation_key: '',
    source_type: '',
    tags: [],
    origin: ORIGIN,
  },
  'enriched service_check': {
    name: '',
    status: 0,
    timestamp: 0,
    host: 'agent-host',
    message: '',
    tags: [],
    origin: ORIGIN,
  },
  resolved_tags: { tags: [] },
};

function complete(fields: JsonObject): JsonObject {
  return completeAs(String(fields.kind), fields);
}

function completeEnriched(fields: JsonObject): JsonObject {
  return completeAs(fields.kind === 'resolved_tags' ? 'resolved_tags' : `enriched ${fields.kind}`, fields);
}

function completeSample(fields: JsonObject): JsonObject {
  return completeAs('sample', fields);
}

function completeAs(kind: string, fields: JsonObject): JsonObject {
  const defaults = DEFAULTS[kind];
  if (defaults === undefined) throw new Error(`no defaults for ${kind}`);
  return fillIn(fields, defaults);
}

/** Fills in defaults, in nested maps too, and takes `x_b64` for `x` where both are there. */
function fillIn(fields: JsonObject, defaults: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...defaults };
  for (const [field, value] of Object.entries(fields)) {
    if (`${field}_b64` in fields) continue;
    const name = field.replace(/_b64$/, '');
    const nested = defaults[name];
    const isMap = (x: unknown): x is JsonObject => typeof x === 'object' && x !== null && !Array.isArray(x);
    result[name] = isMap(nested) && isMap(value) ? fillIn(value, nested) : decode(field, value);
  }
  return result as JsonObject;
}

/** Bytes as latin1 text, so that what is UTF-8 and what is not can be compared. */
function decode(field: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => decode(field, item));
  if (typeof value !== 'string') return value;
  return Buffer.from(value, field.endsWith('_b64') ? 'base64' : 'utf8').toString('latin1');
}
