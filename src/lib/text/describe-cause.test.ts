import { describe, expect, it } from 'vitest';
import { describeCause } from './describe-cause.ts';

const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe('describeCause', () => {
  it.each([
    [
      new Error('fetch failed', { cause: coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED') }),
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      new Error('fetch failed', {
        cause: new AggregateError([coded('connect A', 'A'), coded('connect B', 'B')], ''),
      }),
      'connect A; connect B',
    ],
    [new AggregateError([new Error('x'), new Error('x')]), 'x'],
    [coded('self-signed certificate', 'DEPTH_ZERO'), 'self-signed certificate (DEPTH_ZERO)'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
  ])('%s is %s', (error, want) => expect(describeCause(error)).toBe(want));
  it('ends for an error that causes itself', () => {
    const error = new Error('round');
    error.cause = error;
    expect(describeCause(error)).toBe('round');
  });
});
