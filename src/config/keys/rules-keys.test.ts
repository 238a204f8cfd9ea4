import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../config-error.ts';
import { loadConfig } from '../load.ts';

const accepts = (rule: object, want: object) =>
  it(`accepts ${JSON.stringify(rule)}`, () =>
    expect(loadConfig({ values: { rules: [rule] } }).config.rules).toEqual([want]));

const rejects = (rule: object, message: string) =>
  it(`rejects ${JSON.stringify(rule)}`, () => {
    let error: ConfigError | undefined;
    try {
      loadConfig({ values: { rules: [{ match: 'fine' }, rule] } });
    } catch (caught) {
      error = caught as ConfigError;
    }
    expect(error?.problems).toMatchObject([
      { code: 'ERR_CONFIG_INVALID_VALUE', message: `rules (given values): entry 2 ${message}` },
    ]);
  });

describe('a rule', () => {
  accepts({ match: 'a.*' }, { match: 'a.*' });
  accepts({ match: 'a', drop: true, as: null }, { match: 'a', drop: true });
  accepts({ match: 'a', types: ['count', 'set'] }, { match: 'a', types: ['count', 'set'] });
  accepts(
    { match: 'a', keep_tags: [], bucket_seconds: '60' },
    { match: 'a', keep_tags: [], bucket_seconds: 60 },
  );
  accepts(
    { match: 'a', percentiles: [0.5, '0.999', 1, 0.12345678] },
    { match: 'a', percentiles: [0.5, 0.999, 1, 0.12345678] },
  );
  accepts(
    { match: 'a', aggregates: 'none', percentiles: [] },
    { match: 'a', aggregates: 'none', percentiles: [] },
  );
  accepts({ match: 'a', expiry_seconds: 0.5 }, { match: 'a', expiry_seconds: 0.5 });

  rejects({ match: 'a', mach: 'b' }, '"a": mach is not a known field; did you mean match?');
  rejects({ match: 'a', drop: 'yes' }, '"a", drop: must be true or false');
  rejects(
    { match: 'a', types: ['timing'] },
    '"a", types 1: must be one of count, gauge, histogram, distribution, set',
  );
  rejects({ match: 'a', as: 'set' }, '"a", as: must be one of count, gauge, histogram, distribution');
  rejects({ match: 'a', drop_tags: 'env' }, '"a", drop_tags: must be a list');
  rejects(
    { match: 'a', aggregates: ['p95'] },
    '"a", aggregates: must be a list of max, min, median, avg, sum, count, or none',
  );
  rejects(
    { match: 'a', percentiles: 0.5 },
    '"a", percentiles: must be a list of numbers from 0 to 1 with at most 8 decimals, such as 0.999, or none',
  );
  rejects(
    { match: 'a', percentiles: [99] },
    '"a", percentiles 1: must be a number from 0 to 1 with at most 8 decimals',
  );
  rejects(
    { match: 'a', percentiles: [0.123456789] },
    '"a", percentiles 1: must be a number from 0 to 1 with at most 8 decimals',
  );
  rejects({ match: 'a', bucket_seconds: 0 }, '"a", bucket_seconds: must be an integer from 1 to 86400');
  rejects({ match: 'a', bucket_seconds: 2.5 }, '"a", bucket_seconds: must be an integer from 1 to 86400');
  rejects({ match: 'a', expiry_seconds: -1 }, '"a", expiry_seconds: must be a number from 0 to 604800');
});
