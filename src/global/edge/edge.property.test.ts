/**
 * What an edge puts into chunks, over random flushes with contexts that come, go and come again under ids of others: every
 * partial is in the chunk of its partition, once, under the hash, type and texts of its context, and a chunk has exactly the texts
 * that its entries name.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../model/context.ts';
import { Chunk } from '../chunk/chunk.ts';
import { contextHash, partitionOf } from '../chunk/fleet-hash.ts';
import { CounterPartial } from '../partials/counter.ts';
import { Edge, type EdgeChunk } from './edge.ts';
import { EdgeTexts } from './edge-texts.ts';

const ID = 'edge'.padEnd(16, '.');
const NAMES = ['a', 'b.c', 'x'.repeat(130), 'é'];
const TAGS = ['env:prod', 'c:1', 'c:2', `long:${'y'.repeat(300)}`, ''];

interface World {
  readonly edge: Edge;
  readonly chunks: EdgeChunk[];
}

function begin(more: Partial<ConstructorParameters<typeof Edge>[0]> = {}): World {
  const chunks: EdgeChunk[] = [];
  const settings = {
    ...{ id: ID, epoch: 7, partitions: 3, byEdge: false, chunkBytes: 100_000, hashKey: '' },
    ...more,
  };
  return { edge: new Edge(settings, (chunk) => chunks.push(chunk)), chunks };
}

interface Read {
  readonly partition: number;
  readonly start: number;
  readonly number: number;
  readonly seq: string;
  readonly texts: string;
  readonly sum: number;
}

/** The entries of chunks; checks what holds for each. */
function read(chunks: readonly EdgeChunk[], partitions: number | undefined): Read[] {
  return chunks.flatMap(({ partition, bytes, count }) => {
    const chunk = Chunk.open(bytes);
    if (typeof chunk === 'string') throw new Error(chunk);
    const { start, number, seq, lastSeq } = chunk.head;
    const entries: Read[] = [];
    const texts = new Set<string>();
    chunk.forEach(({ key, type, partialStart, partialEnd }) => {
      const { name, tags } = chunk.textsOfEntry();
      const hash = contextHash({ name, type, host: '', tags }, '');
      expect(Buffer.from(key.buffer)).toEqual(hash);
      if (partitions !== undefined) expect(partitionOf(hash, partitions)).toBe(partition);
      for (const text of [name, ...tags]) texts.add(text);
      chunk.reader.at = partialStart;
      const partial = new CounterPartial();
      partial.merge(chunk.reader);
      expect(chunk.reader.at).toBe(partialEnd);
      const all = `${type} ${[name, ...tags].join()}`;
      entries.push({ partition, start, number, seq: `${seq}/${lastSeq}`, texts: all, sum: partial.sum });
    });
    expect(entries.length).toBe(count);
    expect(bytes.readUInt32LE(60)).toBe(texts.size);
    return entries;
  });
}

const contextOf = (id: number, name: string, tags: readonly string[]): Context => ({
  id,
  name,
  type: 'counter',
  host: '',
  tags,
});

const anyFlush = fc.record({
  takes: fc.array(
    fc.record({
      id: fc.constantFrom(0, 1, 15, 16, 17, 300),
      name: fc.constantFrom(...NAMES),
      tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: TAGS.length }),
      bucket: fc.constantFrom(10, 20),
      sum: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 12 },
  ),
  forgotten: fc.array(fc.constantFrom(0, 1, 15, 16, 17, 300, 9000), { maxLength: 4 }),
});

describe('an edge', () => {
  it('puts each partial into its chunk under its own name, whatever ids stood for before', () => {
    const settings = fc.record({ chunkBytes: fc.constantFrom(1, 400, 100_000), byEdge: fc.boolean() });
    fc.assert(
      fc.property(settings, fc.array(anyFlush, { maxLength: 8 }), ({ chunkBytes, byEdge }, flushes) => {
        const { edge, chunks } = begin({ chunkBytes, byEdge });
        /** What each id stands for until it is forgotten. */
        const contexts = new Map<number, Context>();
        const numbers = new Map<number, number>();
        for (const { takes, forgotten } of flushes) {
          const expected: string[] = [];
          const taken = new Set<string>();
          for (const { id, name, tags, bucket, sum } of takes) {
            const context = contexts.get(id) ?? contextOf(id, name, tags);
            contexts.set(id, context);
            if (taken.has(`${id} ${bucket}`)) continue;
            taken.add(`${id} ${bucket}`);
            const at = { start: bucket, widthSeconds: 10 };
            const joining = { gauge: 'last', tags: context.tags, isShared: false } as const;
            edge.take(context, at, { kind: 'counter', sum }, joining);
            expected.push(`${bucket} counter ${[context.name, ...context.tags].join()} ${sum}`);
          }
          edge.endFlush();
          const entries = read(chunks, byEdge ? undefined : 3);
          const found = entries.map(({ start, texts, sum }) => `${start} ${texts} ${sum}`);
          expect(found.sort()).toEqual(expected.sort());
          for (const { partition, number } of entries) {
            const last = numbers.get(partition) ?? 0;
            expect(number === last || number === last + 1).toBe(true);
            numbers.set(partition, number);
          }
          chunks.length = 0;
          edge.forget(forgotten);
          for (const id of forgotten) contexts.delete(id);
        }
      }),
    );
  });

  it('splits what is longer than a chunk, and says which part each is', () => {
    const { edge, chunks } = begin({ partitions: 1, chunkBytes: 1 });
    for (let id = 0; id < 3; id++) {
      const joining = { gauge: 'last', tags: ['t'], isShared: false } as const;
      const at = { start: 10, widthSeconds: 10 };
      edge.take(contextOf(id, `m${id}`, ['t']), at, { kind: 'counter', sum: id }, joining);
    }
    edge.endFlush();
    expect(read(chunks, 1).map(({ seq }) => seq)).toEqual(['0/2', '1/2', '2/2']);
    expect(edge.sealed).toBe(3);
  });

  it('makes one of contexts that are one without the tags they lose, and names it anew when the rules change', () => {
    const { edge, chunks } = begin();
    const flush = (tags: readonly string[]): string[] => {
      for (const [id, pod] of ['pod:a', 'pod:b'].entries()) {
        const joining = { gauge: 'last', tags, isShared: true } as const;
        const at = { start: 10, widthSeconds: 10 };
        edge.take(contextOf(id, 'm', ['env:prod', pod]), at, { kind: 'counter', sum: id + 1 }, joining);
      }
      edge.endFlush();
      return read(chunks.splice(0), 3).map(({ texts, sum }) => `${texts} ${sum}`);
    };
    expect(flush(['env:prod'])).toEqual(['counter m,env:prod 3']);
    edge.forgetAll();
    expect(flush([])).toEqual(['counter m 3']);
  });
});

describe('texts of an edge', () => {
  it('give the memory of texts back that are gone, and keep the others readable', () => {
    const { edge, chunks } = begin({ partitions: 1 });
    const kept = contextOf(0, 'kept', ['k:1']);
    const at = { start: 10, widthSeconds: 10 };
    for (let round = 0; round < 30; round++) {
      const ids = Array.from({ length: 100 }, (_, i) => i + 1);
      const all = [kept, ...ids.map((id) => contextOf(id, 'm', [`t:${round}-${id}-${'z'.repeat(50)}`]))];
      for (const context of all)
        edge.take(
          context,
          at,
          { kind: 'counter', sum: 1 },
          { gauge: 'last', tags: context.tags, isShared: false },
        );
      edge.endFlush();
      edge.forget(ids);
      expect(read(chunks.splice(0), 1).map(({ texts }) => texts)).toEqual(
        all.map(({ name, tags }) => `counter ${[name, ...tags].join()}`),
      );
    }
    const texts = new EdgeTexts();
    for (let i = 0; i < 10_000; i++) texts.release(texts.take(`t:${i}-${'z'.repeat(50)}`));
    expect(texts.size).toBe(0);
    expect(texts.length).toBeLessThan(200_000);
  });
});
