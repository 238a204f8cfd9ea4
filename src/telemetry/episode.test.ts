import { describe, expect, it } from 'vitest';
import { Episode } from './episode.ts';

describe('an episode', () => {
  it('begins with the first and ends ten seconds after the last', () => {
    const episode = new Episode();
    expect(episode.observe(0, 0)).toBeUndefined();
    expect(episode.observe(3, 1000)).toEqual({ kind: 'begins' });
    expect(episode.observe(9, 2000)).toBeUndefined();
    expect(episode.observe(12, 5000)).toBeUndefined();
    expect(episode.observe(12, 14_999)).toBeUndefined();
    expect(episode.observe(12, 15_000)).toEqual({ kind: 'ended', count: 12, seconds: 4 });
    expect(episode.observe(12, 60_000)).toBeUndefined();
    expect(episode.observe(13, 61_000)).toEqual({ kind: 'begins' });
    expect(episode.observe(13, 71_000)).toEqual({ kind: 'ended', count: 1, seconds: 0 });
  });

  it('does not count what was there before', () => {
    const episode = new Episode(5);
    expect(episode.observe(5, 0)).toBeUndefined();
    expect(episode.observe(6, 1)).toEqual({ kind: 'begins' });
    expect(episode.end()).toEqual({ kind: 'ended', count: 1, seconds: 0 });
    expect(episode.end()).toBeUndefined();
  });
});
