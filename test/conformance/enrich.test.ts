/**
 * Runs the conformance vectors of enrichment: a whole packet to samples, events, checks or final tags.
 * Every field a vector does not mention must have its default.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { enrichLine, enrichMessage, samplesOf } from '../../src/enrich/enrich.ts';
import { compileEnrichSettings, DEFAULT_ENRICH_OPTIONS } from '../../src/enrich/settings.ts';
import { contextTags, messageTags } from '../../src/enrich/tags/context-tags.ts';
import { resolveOriginTags } from '../../src/enrich/tags/origin.ts';
import { StaticTagger, type Workloads } from '../../src/enrich/tags/static-tagger.ts';
import type { ParseResult } from '../../src/model/message.ts';
import type { Origin, Sample } from '../../src/model/sample.ts';
import { toByteString, toText } from '../../src/model/text.ts';
import { parseMessage } from '../../src/protocol/message.ts';
import { splitPacket } from '../../src/protocol/packet.ts';

type Fields = Record<string, unknown>;

interface Vector {
  id: string;
  input: string;
  config?: Fields;
  packet?: { origin?: string; pid?: number };
  tagger?: Workloads;
  expect: Fields;
}

/** Options the parser reads; all others are those of enrichment. */
const PARSE_OPTIONS = ['dogstatsd_no_aggregation_pipeline', 'dogstatsd_origin_detection_client'];

const vectors: Vector[] = JSON.parse(readFileSync(new URL('enrich.json', import.meta.url), 'utf8'));

describe('enrich.json', () => {
  for (const vector of vectors) it(vector.id, () => check(vector));
});

function check(vector: Vector): void {
  const config = vector.config ?? {};
  const settings = compileEnrichSettings({
    ...DEFAULT_ENRICH_OPTIONS,
    hostname: 'agent-host',
    ...Object.fromEntries(Object.entries(config).filter(([key]) => !PARSE_OPTIONS.includes(key))),
  });
  expect(settings.warnings).toEqual([]);
  const sender = { socket: vector.packet?.origin ?? '', pid: vector.packet?.pid ?? 0 };
  const results = splitPacket(toByteString(vector.input), false).lines.map((line) =>
    parseMessage(line, {
      noAggregationPipeline: config.dogstatsd_no_aggregation_pipeline !== false,
      originDetectionClient: config.dogstatsd_origin_detection_client === true,
    }),
  );
  const only = results[0] as ParseResult;

  if (vector.expect.kind === 'samples') {
    const enriched = results.map((result) => {
      if (result.kind !== 'metric') throw new Error(`${vector.input} holds a ${result.kind}`);
      const line = enrichLine(result, settings, sender);
      return line && samplesOf(result, line);
    });
    expect(enriched.flatMap((samples) => samples ?? [])).toEqual(
      (vector.expect.samples as Fields[]).map(completeSample),
    );
    expect(enriched.filter((samples) => samples === undefined)).toHaveLength(
      (vector.expect.filtered ?? 0) as number,
    );
    return;
  }

  if (vector.expect.kind === 'resolved_tags') {
    const tagger = new StaticTagger(vector.tagger ?? {});
    const tags = finalTags(only);
    expect(tags.map(toText).sort()).toEqual(vector.expect.tags);
    return;

    function finalTags(result: ParseResult): readonly string[] {
      if (result.kind === 'metric') {
        const line = enrichLine(result, settings, sender);
        if (line === undefined) throw new Error('the name is filtered');
        const origin = resolveOriginTags(line.origin, settings.origin, tagger);
        return contextTags(line.name, line.tags, origin, settings).list;
      }
      if (result.kind === 'error') throw new Error(result.error);
      const { message, origin } = enrichMessage(result, settings, sender);
      return messageTags(message.tags, resolveOriginTags(origin, settings.origin, tagger));
    }
  }

  if (only.kind !== 'event' && only.kind !== 'service_check') throw new Error(`it is a ${only.kind}`);
  const { message, origin } = enrichMessage(only, settings, sender);
  expect({ ...message, origin }).toEqual({
    ...completeMessage(vector.expect),
    // What parsing found out is tested elsewhere and stays on the message.
    localData: only.localData,
    externalData: only.externalData,
    cardinality: only.cardinality,
    warnings: 0,
  });
}

function completeSample(fields: Fields): Sample {
  return {
    name: toByteString(fields.name as string),
    type: fields.type as Sample['type'],
    value: Number(fields.value ?? 0),
    rawValue: text(fields.raw_value),
    sampleRate: Number(fields.sample_rate ?? 1),
    tags: ((fields.tags ?? []) as string[]).map(toByteString),
    host: text(fields.host ?? 'agent-host'),
    timestamp: Number(fields.timestamp ?? 0),
    unit: text(fields.unit),
    source: text(fields.source ?? 'dogstatsd'),
    pipeline: (fields.pipeline ?? 'aggregated') as Sample['pipeline'],
    origin: completeOrigin((fields.origin ?? {}) as Fields),
  };
}

function completeMessage(fields: Fields): Fields {
  const shared = {
    kind: fields.kind,
    timestamp: Number(fields.timestamp ?? 0),
    hostname: text(fields.host ?? 'agent-host'),
    tags: ((fields.tags ?? []) as string[]).map(toByteString),
    origin: completeOrigin((fields.origin ?? {}) as Fields),
  };
  if (fields.kind === 'service_check')
    return {
      ...shared,
      name: text(fields.name),
      status: fields.status ?? 0,
      message: text(fields.message),
    };
  return {
    ...shared,
    title: text(fields.title),
    text: text(fields.text),
    priority: fields.priority ?? 'normal',
    alertType: fields.alert_type ?? 'info',
    aggregationKey: text(fields.aggregation_key),
    sourceType: text(fields.source_type),
  };
}

function completeOrigin(fields: Fields): Origin {
  const external = (fields.external ?? {}) as Fields;
  return {
    socket: text(fields.socket),
    pid: Number(fields.pid ?? 0),
    containerId: text(fields.container_id),
    inode: BigInt((fields.inode ?? 0) as string),
    podUid: text(fields.pod_uid),
    external: {
      init: external.init === true,
      containerName: text(external.container_name),
      podUid: text(external.pod_uid),
    },
    cardinality: text(fields.cardinality),
  };
}

function text(value: unknown): string {
  return toByteString((value ?? '') as string);
}
