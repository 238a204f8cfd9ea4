import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from './control-word.ts';
import { CounterShares, publishedShares } from './counter-shares.ts';

const CORE = 4;
const CORE_STATE = 3;

function makeShares(listeners: number) {
  const control = new ControlWord(makeControlBuffer());
  const core = new Float64Array(CORE);
  const buffers = Array.from({ length: listeners }, makeControlBuffer);
  return { control, core, buffers, shares: new CounterShares(buffers, control, core, [CORE_STATE]) };
}

it('gives each listener what grew while it was its turn', () => {
  const { control, core, buffers, shares } = makeShares(2);
  core[0] = 5;
  control.counters.add('events', 2);
  shares.give(0);
  core[0] += 7;
  control.counters.add('events');
  shares.give(1);
  const [first, second] = publishedShares(buffers);
  expect([first?.core[0], second?.core[0]]).toEqual([5, 7]);
  expect([first?.counters.get('events'), second?.counters.get('events')]).toEqual([2, 1]);
});

it('shows what is a state with the first listener, whoever it changed for', () => {
  const { control, core, buffers, shares } = makeShares(2);
  core[CORE_STATE] = 100;
  control.counters.set('limiterLevel', 2);
  shares.give(1);
  core[CORE_STATE] = 40;
  shares.give(1);
  const [first, second] = publishedShares(buffers);
  expect([first?.core[CORE_STATE], second?.core[CORE_STATE]]).toEqual([40, 0]);
  expect([first?.counters.get('limiterLevel'), second?.counters.get('limiterLevel')]).toEqual([2, 0]);
});

it('gives all of it, once', () => {
  const turns = fc.array(fc.record({ listener: fc.nat(2), core: fc.nat(1000), shard: fc.nat(1000) }));
  fc.assert(
    fc.property(turns, (list) => {
      const { control, core, buffers, shares } = makeShares(3);
      for (const { listener, core: ofCore, shard } of list) {
        core[1] = (core[1] as number) + ofCore;
        control.counters.add('receivedPackets', shard);
        shares.give(listener);
      }
      const published = publishedShares(buffers);
      const sum = (of: (one: (typeof published)[number]) => number): number =>
        published.reduce((total, one) => total + of(one), 0);
      expect(sum((one) => one.core[1] as number)).toBe(core[1]);
      expect(sum(({ counters }) => counters.get('receivedPackets'))).toBe(
        control.counters.get('receivedPackets'),
      );
    }),
  );
});
