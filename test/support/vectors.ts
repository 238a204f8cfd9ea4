/**
 * The conformance vectors of parsing, mapping and enrichment, as their files say them (test/conformance).
 */
import { readFileSync } from 'node:fs';
import type { JsonObject, PacketSource, Workloads } from '../../src/index.ts';

export const VECTOR_FILES = ['metrics', 'events', 'service_checks', 'mapper', 'enrich'] as const;
export type VectorFile = (typeof VECTOR_FILES)[number];

export interface Vector {
  readonly id: string;
  readonly file: VectorFile;
  /** The packet. */
  readonly packet: Buffer;
  readonly source: PacketSource;
  /** What the socket knows about the sender. */
  readonly origin: string;
  readonly config: JsonObject;
  readonly tagger: Workloads | undefined;
  readonly expect: JsonObject;
}

interface WrittenVector {
  readonly id: string;
  readonly input?: string;
  readonly input_b64?: string;
  readonly config?: JsonObject;
  readonly packet?: { readonly source?: PacketSource; readonly origin?: string };
  readonly tagger?: Workloads;
  readonly expect: JsonObject;
}

export function loadVectors(file: VectorFile): Vector[] {
  const url = new URL(`../conformance/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as WrittenVector[]).map((written) => {
    const { id, input = '', input_b64, config = {}, packet = {}, tagger, expect } = written;
    // A vector of the mapper holds a name; this is the shortest line with it.
    const text = file === 'mapper' ? `${input}:1|c` : input;
    return {
      id,
      file,
      packet: input_b64 === undefined ? Buffer.from(text) : Buffer.from(input_b64, 'base64'),
      source: packet.source ?? 'udp',
      origin: packet.origin ?? '',
      config,
      tagger,
      expect,
    };
  });
}

/** The items by key, both in the order of appearance. */
export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
