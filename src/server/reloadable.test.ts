import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { compareLoaded, withReloaded } from './reloadable.ts';

const load = (values: object) => loadConfig({ values: { hostname: 'h', ...values } });

describe('rules at a reload', () => {
  const before = load({ rules: [{ match: 'a', bucket_seconds: 4 }] });
  const TICK = 2;

  it.each([
    ['are taken when their buckets end where threads seal', 6],
    ['are taken when they are narrower than any before, if they do', 2],
  ])('%s', (_, bucket_seconds) => {
    const after = load({ bucket_seconds: 2, rules: [{ match: 'a', bucket_seconds }] });
    expect(compareLoaded(before, after, TICK)).toMatchObject({
      changed: ['rules'],
      needRestart: ['bucket_seconds'],
    });
    expect(withReloaded(before.config, after.config, TICK)).toEqual({
      ...before.config,
      rules: after.config.rules,
    });
  });

  it('need a restart when they do not, and stay as a whole; other keys are taken', () => {
    const rules = [
      { match: 'a', drop: true },
      { match: 'b', bucket_seconds: 5 },
    ];
    const after = load({ rules, dogstatsd_tags: ['x'] });
    const { changed, needRestart, difference } = compareLoaded(before, after, TICK);
    expect({ changed, needRestart }).toEqual({ changed: ['dogstatsd_tags'], needRestart: ['rules'] });
    expect(difference).toEqual(['dogstatsd_tags: [] -> ["x"]']);
    const { config } = before;
    expect(withReloaded(config, after.config, TICK)).toEqual({ ...config, dogstatsd_tags: ['x'] });
  });
});

it('weights need a restart, and stay as they are until then', () => {
  const before = load({});
  const after = load({ weights: 'exact', dogstatsd_tags: ['x'] });
  const { changed, needRestart } = compareLoaded(before, after, 1);
  expect({ changed, needRestart }).toEqual({ changed: ['dogstatsd_tags'], needRestart: ['weights'] });
  expect(withReloaded(before.config, after.config, 1).weights).toBe('truncated');
});
