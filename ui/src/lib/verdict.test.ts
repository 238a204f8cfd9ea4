import { describe, expect, it } from 'vitest';
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import { World } from '../../mock/data.ts';
import { attentionOf, verdictOf } from './verdict.ts';

const NOW = 1_700_000_000;
const busy = new World({ metrics: 3 }, NOW).tick(NOW, new URLSearchParams());
const calm: StreamTick = {
  ...busy,
  losses: [],
  growing: [],
  errors: [],
  rates: { ...busy.rates, rejected: 0 },
};
const verdict = (own: Partial<StreamTick>, range = 300) => verdictOf({ ...calm, ...own }, undefined, range);

describe('the sentence at the top', () => {
  it('is that all is well, when it is', () => {
    expect(verdict({})).toEqual({ tone: 'ok', text: 'Everything that came in is accounted for.' });
  });

  it('is the worst of what is the matter', () => {
    expect(verdict({ balanced: false, losses: busy.losses }).text).toContain('does not balance');
    expect(
      verdict({ notListening: [{ listener: 'udp', code: 'x', reason: 'y' }], losses: busy.losses }).text,
    ).toBe('udp does not listen.');
    expect(verdict({ losses: busy.losses, growing: busy.growing })).toEqual({
      tone: 'lo',
      text: '17 packets were lost, the last 51 s ago.',
    });
    expect(verdict({ growing: busy.growing, errors: busy.errors }).text).toBe(
      'api.client.calls grows by 1,240 contexts a minute.',
    );
    expect(verdict({ errors: busy.errors })).toEqual({
      tone: 'wa',
      text: '1.6 lines a second are rejected.',
    });
  });

  it('leaves losses of before the range to the view of losses', () => {
    expect(verdict({ losses: busy.losses }, 30).tone).toBe('ok');
  });
});

describe('what needs attention', () => {
  it('is at most four, red before amber, each with where to look', () => {
    const losses = Array.from({ length: 6 }, (_, at) => ({
      ...busy.losses[0],
      reason: `r${at}`,
    })) as StreamTick['losses'];
    const many = attentionOf({ ...busy, losses }, undefined, 300);
    expect(many.map(({ tone }) => tone)).toEqual(['lo', 'lo', 'lo', 'lo']);
    const some = attentionOf(busy, undefined, 300);
    expect(some.map(({ tone, title }) => [tone, title])).toEqual([
      ['lo', '17 packets lost on udp'],
      ['wa', 'api.client.calls grows: +1,240/min'],
      ['wa', '1.6 lines/s are rejected'],
    ]);
    expect(some.every(({ link }) => link?.href.startsWith('#/'))).toBe(true);
    expect(attentionOf(calm, undefined, 300)).toEqual([]);
  });
});
