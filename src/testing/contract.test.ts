import { describe, expect, it } from 'vitest';
import { type Contract, ContractError, compareContract, formatContract, parseContract } from './contract.ts';

type Metric = Contract['metrics'][number];

const contract = (metrics: Partial<Metric>[], others: Partial<Contract> = {}): Contract => ({
  version: 1,
  metrics: metrics.map((metric) => ({ name: 'a', type: 'count', tag_keys: [], ...metric })),
  events: [],
  service_checks: [],
  ...others,
});
const differences = (want: Contract, has: Contract, allowNew = false): string[] =>
  compareContract(want, has, { allowNew });

describe('compareContract', () => {
  it('finds nothing in the same', () => {
    const same = contract([{ tag_keys: ['x'] }], { events: ['e'], service_checks: ['c'] });
    expect(differences(same, same)).toEqual([]);
  });

  it('names what is lost and what is new', () => {
    const want = contract([{ name: 'a' }], { events: ['e'], service_checks: ['c'] });
    const has = contract([{ name: 'b' }], { events: ['f'], service_checks: ['d'] });
    expect(differences(want, has)).toEqual([
      'a (count) was not sent',
      'the event "e" was not sent',
      'the service check "c" was not sent',
      'b (count) is new',
      'the event "f" is new',
      'the service check d is new',
    ]);
    expect(differences(want, has, true)).toHaveLength(3);
  });

  it('names another type, and tags that went and came', () => {
    const want = contract([{ name: 'a' }, { name: 'b', tag_keys: ['env', 'id'] }]);
    const has = contract([
      { name: 'a', type: 'gauge' },
      { name: 'b', tag_keys: ['env', 'x', 'y'] },
    ]);
    expect(differences(want, has)).toEqual([
      'a is a gauge, not a count',
      'b lost the tag id',
      'b has the new tags x, y',
    ]);
  });

  it('compares bounds where they are given', () => {
    const want = contract([{ min: 0, max: 10 }, { name: 'b' }]);
    const has = contract([
      { min: -1, max: 11 },
      { name: 'b', min: -1, max: 11 },
    ]);
    expect(differences(want, has)).toEqual([
      'a was -1, below its minimum of 0',
      'a was 11, above its maximum of 10',
    ]);
  });
});

describe('a contract file', () => {
  it('is read as it was written', () => {
    const written = contract([{ tag_keys: ['x'], min: 0 }], { events: ['e "1"'], service_checks: ['c'] });
    expect(parseContract(formatContract(written))).toEqual(written);
  });

  it.each([
    ['{', /not JSON/],
    ['{"version":2,"metrics":[]}', /version/],
    ['{"version":1,"metrics":[{"name":"a","type":"x","tag_keys":[]}]}', /metrics\.0\.type/],
    ['{"version":1,"metrics":[],"extra":1}', /extra/],
  ])('%s is refused with the place', (text, reason) => {
    expect(() => parseContract(text)).toThrow(ContractError);
    expect(() => parseContract(text)).toThrow(reason);
  });
});
