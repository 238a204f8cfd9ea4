/**
 * Runs the conformance vectors of the parsers: every vector is a test of its own, and every field a
 * vector does not mention must have its default.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/protocol/message.ts';
import { splitPacket } from '../../src/protocol/packet.ts';
import { plain } from '../support/parsed.ts';

type Fields = Record<string, unknown>;

interface Vector {
  id: string;
  input?: string;
  input_b64?: string;
  config?: Fields;
  packet?: { source?: string };
  expect: Fields;
}

for (const file of ['metrics.json', 'events.json', 'service_checks.json']) {
  const vectors: Vector[] = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  describe(file, () => {
    for (const vector of vectors) it(vector.id, () => check(vector));
  });
}

function check(vector: Vector): void {
  const config = vector.config ?? {};
  const eolSources = (config.dogstatsd_eol_required ?? []) as string[];
  const packet =
    vector.input_b64 === undefined
      ? Buffer.from(vector.input ?? '', 'utf8').toString('latin1')
      : Buffer.from(vector.input_b64, 'base64').toString('latin1');
  const { lines, unterminated } = splitPacket(packet, eolSources.includes(vector.packet?.source ?? 'udp'));
  const results = lines.map((line) =>
    plain(
      parseMessage(line, {
        noAggregationPipeline: config.dogstatsd_no_aggregation_pipeline !== false,
        originDetectionClient: config.dogstatsd_origin_detection_client === true,
      }),
    ),
  );
  const wanted = vector.expect.kind === 'packet' ? (vector.expect.messages as Fields[]) : [vector.expect];
  expect(unterminated).toBe(vector.expect.unterminated ?? 0);
  expect(results.map(withoutPosition)).toEqual(wanted.map(complete));
}

/** The position of a rejection is ours; the vectors do not know it. */
function withoutPosition(result: ReturnType<typeof plain>): unknown {
  if (result.kind !== 'error') return result;
  const { at: _, ...rest } = result;
  return rest;
}

/** Fills in the defaults a vector leaves out, under the names of our own messages. */
function complete(fields: Fields): Fields {
  if (fields.kind === 'error')
    return { kind: 'error', messageType: fields.message_type, error: fields.error };
  const local = (fields.local_data ?? {}) as Fields;
  const external = (fields.external_data ?? {}) as Fields;
  const shared = {
    kind: fields.kind,
    tags: texts(fields, 'tags'),
    timestamp: number(fields.timestamp, 0),
    localData: { containerId: text(local, 'container_id'), inode: BigInt((local.inode ?? 0) as string) },
    externalData: {
      init: external.init ?? false,
      containerName: text(external, 'container_name'),
      podUid: text(external, 'pod_uid'),
    },
    cardinality: text(fields, 'cardinality'),
  };
  switch (fields.kind) {
    case 'metric':
      return {
        ...shared,
        name: text(fields, 'name'),
        type: fields.type,
        values: ((fields.values ?? []) as unknown[]).map((value) => number(value, 0)),
        setValue: text(fields, 'set_value'),
        sampleRate: number(fields.sample_rate, 1),
      };
    case 'event':
      return {
        ...shared,
        title: text(fields, 'title'),
        text: text(fields, 'text'),
        hostname: text(fields, 'hostname'),
        aggregationKey: text(fields, 'aggregation_key'),
        priority: fields.priority ?? 'normal',
        sourceType: text(fields, 'source_type'),
        alertType: fields.alert_type ?? 'info',
        warnings: fields.warnings ?? 0,
      };
    default:
      return {
        ...shared,
        name: text(fields, 'name'),
        status: fields.status ?? 0,
        hostname: text(fields, 'hostname'),
        message: text(fields, 'message'),
        warnings: fields.warnings ?? 0,
      };
  }
}

/** A number as the vectors write it: text where JSON has no way to say it. */
function number(value: unknown, absent: number): number {
  return value === undefined ? absent : Number(value);
}

function text(fields: Fields, key: string): string {
  const bytes = fields[`${key}_b64`] as string | undefined;
  if (bytes !== undefined) return Buffer.from(bytes, 'base64').toString('latin1');
  return Buffer.from((fields[key] ?? '') as string, 'utf8').toString('latin1');
}

function texts(fields: Fields, key: string): string[] {
  const bytes = fields[`${key}_b64`] as string[] | undefined;
  if (bytes !== undefined) return bytes.map((item) => Buffer.from(item, 'base64').toString('latin1'));
  return ((fields[key] ?? []) as string[]).map((item) => Buffer.from(item, 'utf8').toString('latin1'));
}
