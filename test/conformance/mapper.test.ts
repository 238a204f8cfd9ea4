/** Runs the conformance vectors of the mapper, each as a test of its own. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileMapper } from '../../src/enrich/mapper/mapper.ts';
import type { MapperProfileOptions } from '../../src/enrich/mapper/mapper-rules.ts';
import { toByteString, toText } from '../../src/model/text.ts';

interface Vector {
  id: string;
  input: string;
  config: { dogstatsd_mapper_profiles?: MapperProfileOptions[]; dogstatsd_mapper_cache_size?: number };
  expect: { kind: 'mapped' | 'unmapped' | 'error'; name?: string; tags?: string[]; error?: string };
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('mapper.json', import.meta.url), 'utf8'));

describe('mapper.json', () => {
  for (const vector of vectors) it(vector.id, () => check(vector));
});

function check({ input, config, expect: wanted }: Vector): void {
  const { dogstatsd_mapper_profiles: profiles = [], dogstatsd_mapper_cache_size: size = 1000 } = config;
  const { mapper, problem } = compileMapper(profiles, size);
  if (wanted.kind === 'error') {
    expect(problem?.code).toBe(wanted.error);
    return;
  }
  expect(problem).toBeUndefined();
  // Twice, because the second answer comes from the cache.
  for (let round = 0; round < 2; round++) {
    const mapping = mapper?.map(toByteString(input));
    if (wanted.kind === 'unmapped') {
      expect(mapping).toBeUndefined();
    } else {
      expect(toText(mapping?.name ?? '')).toBe(wanted.name ?? '');
      expect(mapping?.tags.map(toText).sort()).toEqual((wanted.tags ?? []).sort());
    }
  }
}
