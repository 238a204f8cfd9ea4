import { expect, it } from 'vitest';
import type { CompressedBody, Compressor } from './compression.ts';
import { makeCompressor } from './compression.ts';
import { Lane } from './lane.ts';
import type { Payload } from './payload.ts';
import { checksFormat } from './payload-format.ts';

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

function laneOf(compressor: Compressor): {
  lane: Lane;
  payloads: Payload[];
  log: string[];
  add(count: number): void;
} {
  const payloads: Payload[] = [];
  const log: string[] = [];
  const hear = (_: object, sentence: string): void => void log.push(sentence);
  const lane = new Lane({
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
      const chunk = lane.room(1, 'n');
      chunk?.writer.raw(Buffer.from(String(i)));
      chunk?.endItem(1, 'n');
      lane.wrote();
    }
  };
  return { lane, payloads, log, add };
}

it('what a failed compression loses is counted, and the lane goes on', async () => {
  const { lane, payloads, log, add } = laneOf(unreliable((body) => body === 1));
  add(7);
  lane.flush();
  await lane.whenIdle();
  // Two went out, then the payload under way and the rest of its chunk are lost.
  expect([lane.taken, lane.packed, lane.dropped.get('failed'), lane.held]).toEqual([7, 2, 5, 0]);
  expect(log).toEqual([
    'a Datadog payload could not be made',
    'the Datadog output dropped what it cannot send',
  ]);
  add(3);
  lane.flush();
  await lane.whenIdle();
  expect([lane.taken, lane.packed, lane.held]).toEqual([10, 5, 0]);
  expect(payloads.map(({ itemCount }) => itemCount)).toEqual([2, 2, 1]);
});

it('a flush that waits behind a failed one is not lost', async () => {
  const { lane, add } = laneOf(unreliable((body) => body === 0));
  add(4);
  lane.flush();
  add(2);
  lane.flush();
  add(1);
  await lane.whenIdle();
  expect([lane.taken, lane.packed, lane.dropped.get('failed'), lane.held]).toEqual([7, 2, 4, 1]);
});

it('holds what it took until it is packed', async () => {
  const { lane, add } = laneOf(plain);
  add(3);
  lane.refuse('non_finite', 'x');
  expect([lane.taken, lane.held, lane.queuedBytes]).toEqual([4, 3, 3]);
  lane.flush();
  expect([lane.held, lane.queuedBytes]).toEqual([3, 3]);
  await lane.whenIdle();
  expect([lane.held, lane.packed, lane.queuedBytes]).toEqual([0, 3, 0]);
});
