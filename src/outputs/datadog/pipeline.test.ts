import { expect, it } from 'vitest';
import type { CompressedBody, Compressor } from './compression.ts';
import { makeCompressor } from './compression.ts';
import type { ItemChunk } from './item-chunk.ts';
import type { Payload } from './payload.ts';
import { checksFormat } from './payload-format.ts';
import { itemPipeline, type Pipeline } from './pipeline.ts';

const LIMITS = { compressedBytes: 1 << 20, uncompressedBytes: 1 << 20, points: 2 };
const plain = makeCompressor('none', { zstd: 1, zlib: 1 });

/** Compresses nothing, and fails at the bodies whose number `fails` says. */
function unreliable(fails: (body: number) => boolean): Compressor {
  let bodies = 0;
  return {
    ...plain,
    open: () => {
      const body: CompressedBody = plain.open();
      if (fails(bodies++)) body.finish = () => Promise.reject(new Error('out of memory'));
      return body;
    },
  };
}

function pipelineOf(compressor: Compressor): {
  pipeline: Pipeline<ItemChunk>;
  payloads: Payload[];
  log: string[];
  add(count: number): void;
} {
  const payloads: Payload[] = [];
  const log: string[] = [];
  const hear = (_: object, sentence: string): void => void log.push(sentence);
  const pipeline = itemPipeline({
    format: checksFormat(LIMITS),
    compressor,
    log: { info: hear, warn: hear, error: hear },
    sink: {
      submit: (payload) => void payloads.push(payload),
      close: async () => ({ undelivered: 0 }),
      metrics: () => [],
    },
  });
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const chunk = pipeline.room(1, 'n');
      chunk?.writer.raw(Buffer.from(String(i)));
      chunk?.endItem(1, 'n');
      pipeline.wrote();
    }
  };
  return { pipeline, payloads, log, add };
}

it('what a failed compression loses is counted, and the pipeline goes on', async () => {
  const { pipeline, payloads, log, add } = pipelineOf(unreliable((body) => body === 1));
  add(7);
  pipeline.flush();
  await pipeline.whenIdle();
  // Two went out, then the payload under way and the rest of its chunk are lost.
  expect([pipeline.taken, pipeline.packed, pipeline.dropped.get('failed'), pipeline.held]).toEqual([
    7, 2, 5, 0,
  ]);
  expect(log).toEqual([
    'could not build a Datadog payload; its contents are lost',
    'the Datadog output dropped items it cannot send',
  ]);
  add(3);
  pipeline.flush();
  await pipeline.whenIdle();
  expect([pipeline.taken, pipeline.packed, pipeline.held]).toEqual([10, 5, 0]);
  expect(payloads.map(({ itemCount }) => itemCount)).toEqual([2, 2, 1]);
});

it('a flush that waits behind a failed one is not lost', async () => {
  const { pipeline, add } = pipelineOf(unreliable((body) => body === 0));
  add(4);
  pipeline.flush();
  add(2);
  pipeline.flush();
  add(1);
  await pipeline.whenIdle();
  expect([pipeline.taken, pipeline.packed, pipeline.dropped.get('failed'), pipeline.held]).toEqual([
    7, 2, 4, 1,
  ]);
});

it('holds what it took until it is packed', async () => {
  const { pipeline, add } = pipelineOf(plain);
  add(3);
  pipeline.refuse('non_finite', 'x');
  expect([pipeline.taken, pipeline.held, pipeline.queuedBytes]).toEqual([4, 3, 3]);
  pipeline.flush();
  expect([pipeline.held, pipeline.queuedBytes]).toEqual([3, 3]);
  await pipeline.whenIdle();
  expect([pipeline.held, pipeline.packed, pipeline.queuedBytes]).toEqual([0, 3, 0]);
});
