/**
 * What a server does with one packet, as far as it can be seen from outside: records in the file output, and
 * counters. Made from what a conformance vector expects, without the help of the server's code.
 *
 *   metric, samples ─▶ one cell for each context     event, service_check ─▶ record     error ─▶ counter
 *
 * Stats that only parsing knows show in their effect: a sample rate in what is counted, an origin in the
 * tags, a timestamp in the pipeline that is taken.
 */
import { explain, type JsonObject } from '../../src/index.ts';
import { weightOf } from '../../src/model/sample-weight.ts';
import type { FileRecord } from '../../src/outputs/file-record.ts';
import { groupBy, type Vector } from './vectors.ts';

export interface Effect {
  readonly cells: readonly Cell[];
  /** Events and checks as the file shows them; `timestamp` 0 stands for the time of arrival. */
  readonly messages: readonly Message[];
  /** How often each counter grows, by its name on /metrics. */
  readonly counts: Readonly<Record<string, number>>;
}

export type Message = Extract<FileRecord, { kind: string }>;

/** What one context holds after the packet, in the words of the file. */
export interface Cell {
  readonly name: string;
  /** A set is written as a gauge: the number of its elements. */
  readonly type: 'gauge' | 'counter' | 'histogram' | 'distribution';
  readonly host: string;
  /** Sorted; each once, unless the samples have timestamps of their own. */
  readonly tags: readonly string[];
  /** Of a sample that is passed through; 0 for what is aggregated. */
  readonly timestamp: number;
  readonly summary: Summary;
}

/** A counter has `sum`, a gauge and a set `last`, the others all but `last`. */
export interface Summary {
  readonly last?: number;
  readonly cnt?: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
}

interface Sample {
  readonly name: string;
  readonly type: Cell['type'] | 'set';
  readonly host: string;
  readonly tags: readonly string[];
  readonly timestamp: number;
  readonly rate: number;
  /** Text for a set. */
  readonly value: number | string;
}

/** The host of vectors that configure none. */
export const AGENT_HOST = 'agent-host';
const HOST_TAG = 'host:';

export const COUNTERS = {
  /** With the labels message_type and reason. */
  rejected: 'whippet_listener_messages_rejected_total',
  filtered: 'whippet_listener_messages_filtered_total',
  unterminated: 'whippet_listener_messages_rejected_total{message_type="unknown",reason="unterminated"}',
  notFinite: 'whippet_listener_values_dropped_total{reason="not_finite"}',
} as const;

export function effectOf(vector: Vector): Effect {
  const { expect } = vector;
  const collected = new Collector();
  switch (expect.kind) {
    case 'packet':
      for (const message of list(expect.messages)) collected.addParsed(message as JsonObject);
      collected.count(COUNTERS.unterminated, Number(expect.unterminated ?? 0));
      break;
    case 'samples':
      for (const sample of list(expect.samples) as JsonObject[])
        collected.addSample(readSample(sample), sample.pipeline !== 'no_aggregation');
      collected.count(COUNTERS.filtered, Number(expect.filtered ?? 0));
      break;
    case 'resolved_tags': {
      // The vector says the final tags alone; the rest is what the line itself says.
      const [message] = explain(vector.packet, { config: vector.config }).messages;
      collected.addParsed({ ...(message?.parsed ?? {}), tags: expect.tags ?? [] });
      break;
    }
    case 'mapped':
    case 'unmapped': {
      const name = vector.packet.subarray(0, vector.packet.lastIndexOf(':')).toString();
      const renamed = expect.kind === 'mapped' ? text(expect, 'name') : name;
      collected.addParsed({
        kind: 'metric',
        type: 'count',
        name: renamed,
        values: [1],
        tags: expect.tags ?? [],
      });
      break;
    }
    case 'event':
    case 'service_check':
      if (vector.file === 'enrich') collected.addMessage(expect, text(expect, 'host', AGENT_HOST));
      else collected.addParsed(expect);
      break;
    default:
      collected.addParsed(expect);
  }
  return collected.effect();
}

class Collector {
  private readonly samples: Sample[] = [];
  private readonly messages: Message[] = [];
  private readonly counts: Record<string, number> = {};

  count(counter: string, by = 1): void {
    if (by > 0) this.counts[counter] = (this.counts[counter] ?? 0) + by;
  }

  /** Adds a message as parsed; settings other than the defaults do not occur where vectors stop there. */
  addParsed(message: JsonObject): void {
    if (message.kind === 'error') {
      this.count(`${COUNTERS.rejected}{message_type="${message.message_type}",reason="${message.error}"}`);
      return;
    }
    const tags = texts(message, 'tags');
    const hostTag = tags.findLast((tag) => tag.startsWith(HOST_TAG))?.slice(HOST_TAG.length);
    const plain = tags.filter((tag) => !tag.startsWith(HOST_TAG));
    if (plain.some((tag) => tag.startsWith('dd.internal.'))) throw new Error('a tag that means something');
    if (message.kind !== 'metric') {
      const host = text(message, 'hostname') || (hostTag ?? AGENT_HOST);
      this.addMessage(message, host, plain);
      return;
    }
    const type =
      message.type === 'count' ? 'counter' : message.type === 'timing' ? 'histogram' : message.type;
    const values = type === 'set' ? [text(message, 'set_value')] : list(message.values).map(Number);
    for (const value of values) {
      this.addSample({
        name: text(message, 'name'),
        type: type as Sample['type'],
        host: hostTag ?? AGENT_HOST,
        tags: plain,
        timestamp: Number(message.timestamp ?? 0),
        rate: Number(message.sample_rate ?? 1),
        value,
      });
    }
  }

  addSample(sample: Sample, isAggregated = false): void {
    const passedThrough = isAggregated || sample.type === 'gauge' || sample.type === 'counter';
    if (typeof sample.value === 'number' && !Number.isFinite(sample.value)) this.count(COUNTERS.notFinite);
    else if (sample.timestamp === 0 || passedThrough) this.samples.push(sample);
  }

  addMessage(message: JsonObject, host: string, tags = texts(message, 'tags')): void {
    const final = [...new Set(tags)].sort();
    const shared = { timestamp: Number(message.timestamp ?? 0), host, tags: final };
    this.messages.push(
      message.kind === 'event'
        ? {
            kind: 'event',
            title: text(message, 'title'),
            text: text(message, 'text'),
            priority: text(message, 'priority', 'normal'),
            alert_type: text(message, 'alert_type', 'info'),
            aggregation_key: text(message, 'aggregation_key'),
            source_type: text(message, 'source_type'),
            ...shared,
          }
        : {
            kind: 'service_check',
            check: text(message, 'name'),
            status: Number(message.status ?? 0),
            message: text(message, 'message'),
            ...shared,
          },
    );
  }

  effect(): Effect {
    const byContext = groupBy(this.samples, contextKey);
    // Those with a timestamp of their own are one point of their series and time too.
    const cells = [...byContext.values()].map(toCell);
    return { cells, messages: this.messages, counts: this.counts };
  }
}

function readSample(fields: JsonObject): Sample {
  return {
    name: text(fields, 'name'),
    type: fields.type as Sample['type'],
    host: text(fields, 'host', AGENT_HOST),
    tags: texts(fields, 'tags'),
    // The copy of a histogram is aggregated too, in the bucket of the time it names, and buckets are a second wide.
    timestamp: Number(fields.timestamp ?? 0),
    rate: Number(fields.sample_rate ?? 1),
    value: fields.type === 'set' ? text(fields, 'raw_value') : Number(fields.value ?? 0),
  };
}

function contextKey({ name, type, host, tags, timestamp }: Sample): string {
  return JSON.stringify([name, type, host, finalTags(tags, timestamp), timestamp]);
}

function finalTags(tags: readonly string[], timestamp: number): string[] {
  return (timestamp === 0 ? [...new Set(tags)] : [...tags]).sort();
}

function toCell(samples: readonly Sample[]): Cell {
  const { name, type, host, tags, timestamp } = samples[0] as Sample;
  return {
    name,
    type: type === 'set' ? 'gauge' : type,
    host,
    tags: finalTags(tags, timestamp),
    timestamp,
    summary: summarize(type, timestamp, samples),
  };
}

/** What a sample rate does to each type (docs/protocol.md, sample rates). */
function summarize(type: Sample['type'], timestamp: number, samples: readonly Sample[]): Summary {
  const values = samples.map(({ value }) => Number(value));
  if (type === 'set') return { last: new Set(samples.map(({ value }) => value)).size };
  if (type === 'gauge') return { last: values.at(-1) as number };
  const weights = samples.map(({ rate }) => weightOf(type, rate, timestamp > 0) ?? 0);
  const sum = values.reduce((total, value, i) => total + value * (weights[i] as number), 0);
  if (type === 'counter') return { sum };
  const cnt = weights.reduce((total, weight) => total + Math.trunc(weight), 0);
  return { cnt, sum, min: Math.min(...values), max: Math.max(...values) };
}

/** The text of a field, which may be given as bytes; what is not UTF-8 is U+FFFD in the file. */
function text(fields: JsonObject, field: string, otherwise = ''): string {
  const bytes = fields[`${field}_b64`];
  if (bytes !== undefined) return Buffer.from(String(bytes), 'base64').toString();
  return String(fields[field] ?? otherwise);
}

function texts(fields: JsonObject, field: string): string[] {
  const bytes = fields[`${field}_b64`];
  if (bytes !== undefined) return list(bytes).map((item) => Buffer.from(String(item), 'base64').toString());
  return list(fields[field]).map(String);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
