import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ReceiveModeration } from './receive-moderation.ts';

const BUFFER = 4 << 20;
let slept: number;
let now: number;

beforeEach(() => {
  slept = 0;
  now = 1_700_000_000;
});

function create(bufferBytes = BUFFER): ReceiveModeration {
  return new ReceiveModeration(bufferBytes, (microseconds) => {
    slept++;
    now += microseconds / 1e6;
  });
}

/** One packet every `gap` seconds for `seconds`, received as they come. The most packets that a receive brought. */
function receive(moderation: ReceiveModeration, gap: number, seconds: number, length = 30): number {
  const end = now + seconds;
  let next = now + gap;
  let most = 0;
  while (now < end) {
    moderation.wait();
    now = Math.max(now, next);
    let count = 0;
    for (; next <= now && count < 64; count++) next += gap;
    moderation.note(count, length, now);
    most = Math.max(most, count);
  }
  return most;
}

describe('packets that come fast and one by one', () => {
  it('gather after a hundredth of a second', () => {
    const moderation = create();
    expect(receive(moderation, 1 / 200_000, 0.009)).toBe(1);
    expect(slept).toBe(0);
    expect(receive(moderation, 1 / 200_000, 1)).toBeGreaterThan(20);
    expect(slept).toBeLessThan(7000);
  });

  it('are received as they come again once they are few', () => {
    const moderation = create();
    receive(moderation, 1 / 100_000, 0.1);
    expect(slept).toBeGreaterThan(0);
    receive(moderation, 1 / 1000, 0.03);
    slept = 0;
    expect(receive(moderation, 1 / 1000, 1)).toBe(1);
    expect(slept).toBe(0);
  });

  it('are received at once when the buffer could not hold what comes meanwhile', () => {
    receive(create(425_984), 1 / 100_000, 0.2, 8000);
    receive(create(4608), 1 / 100_000, 0.2, 30);
    expect(slept).toBe(0);
    receive(create(425_984), 1 / 100_000, 0.2, 30);
    expect(slept).toBeGreaterThan(0);
  });
});

it('a receive that brought many is followed by the next one at once', () => {
  const moderation = create();
  receive(moderation, 1 / 100_000, 0.1);
  slept = 0;
  for (let i = 0; i < 100; i++) {
    moderation.note(64, 30, now);
    moderation.wait();
  }
  expect(slept).toBe(0);
});

it('does not sleep for a rate below 10,000 packets a second, nor after a pause or a clock that was set', () => {
  const moderation = create();
  receive(moderation, 1 / 9000, 1);
  expect(slept).toBe(0);
  for (const jump of [3600, -7200]) {
    receive(moderation, 1 / 100_000, 0.1);
    expect(slept).toBeGreaterThan(0);
    now += jump;
    moderation.note(1, 30, now);
    slept = 0;
    moderation.wait();
    expect(slept).toBe(0);
  }
});

it('never lets more gather than half of the buffer holds, whatever comes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2304, max: 8 << 20 }),
      fc.array(fc.record({ gap: fc.double({ min: 3e-6, max: 1e-3, noNaN: true }), length: fc.nat(65_507) }), {
        minLength: 1,
        maxLength: 6,
      }),
      (bufferBytes, phases) => {
        slept = 0;
        const moderation = create(bufferBytes);
        for (const { gap, length } of phases) {
          // What one length has turned on is decided anew in the window after the next has begun.
          receive(moderation, gap, 0.02, length);
          slept = 0;
          receive(moderation, gap, 0.05, length);
          if (slept > 0) expect(100 * (1024 + 2 * length)).toBeLessThanOrEqual(bufferBytes / 2);
        }
      },
    ),
  );
});
