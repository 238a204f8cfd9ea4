/** The public `explain` beyond what the conformance vectors pin (test/conformance/explain.test.ts). */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../config/config-error.ts';
import { loadConfig } from '../../config/load.ts';
import { NO_TAGGER } from '../../enrich/tags/tagger.ts';
import { SeriesNames } from '../series-names.ts';
import { explain, explainInDetail, walkSettings } from './explain.ts';
import { walkPacket } from './walk.ts';

function inDetail(line: string, values: object = {}) {
  const loaded = loadConfig({ values: { hostname: 'h', ...values } });
  const [walk] = walkPacket(line, walkSettings(loaded, {})).walks;
  if (walk === undefined) throw new Error('no line');
  return explainInDetail(walk, new SeriesNames(loaded.config));
}

describe('explain', () => {
  it('takes text and bytes alike', () => {
    const line = 'naïve:1|c';
    expect(explain(Buffer.from(line))).toEqual(explain(line));
    expect(explain(new Uint8Array(Buffer.from(`..${line}..`)).subarray(2, -2))).toEqual(explain(line));
  });

  it('explains every line of a packet, and says what was dropped for its missing newline', () => {
    const config = { dogstatsd_eol_required: ['uds'] } as const;
    expect(explain('a:1|c\n\nb\nc:1|c', { config, source: 'uds' })).toMatchObject({
      unterminated: 1,
      messages: [{ parsed: { name: 'a' } }, { parsed: { kind: 'error', error: 'format' } }],
    });
    expect(explain('a:1|c\nc:1|c', { config }).messages).toHaveLength(2);
    expect(explain('')).toEqual({ unterminated: 0, messages: [] });
  });

  it('gives bytes that are not UTF-8 as text and exactly', () => {
    expect(explain(Buffer.from('a\xff:1|c', 'latin1')).messages[0]?.parsed).toMatchObject({
      name: 'a\ufffd',
      name_b64: 'Yf8=',
    });
  });

  it('gives final tags when it is told about workloads, in either form', () => {
    const options = { config: { dogstatsd_tags: ['z'] } };
    const want = { kind: 'resolved_tags', tags: ['a', 'g', 'z'] };
    const tagger = { ...NO_TAGGER, globalTags: () => ['g'] };
    expect(explain('x:1|c|#a', { ...options, tagger }).messages[0]?.enriched).toEqual(want);
    expect(
      explain('x:1|c|#a', { ...options, tagger: { global: { low: ['g'] } } }).messages[0]?.enriched,
    ).toEqual(want);
  });

  it('does not depend on the machine', () => {
    expect(explain('a:1|c').messages[0]?.enriched).toMatchObject({ samples: [{ host: 'agent-host' }] });
    expect(explain('a:1|c', { config: { hostname: 'x' } }).messages[0]?.enriched).toMatchObject({
      samples: [{ host: 'x' }],
    });
  });

  it('refuses a configuration the server would refuse', () => {
    const rules = (match: string) => ({
      dogstatsd_mapper_profiles: [{ name: 'p', prefix: 'a', mappings: [{ match, name: 'x' }] }],
    });
    const refuses = (config: object, reason: string | undefined, message: string) => {
      expect(() => explain('a:1|c', { config })).toThrow(ConfigError);
      expect(() => explain('a:1|c', { config })).toThrow(expect.objectContaining({ reason }));
      expect(() => explain('a:1|c', { config })).toThrow(message);
    };
    refuses(rules('a**'), 'consecutive_wildcards', 'mapper profile 1 "p", rule 1 "a**" must not hold two *');
    refuses({ dogstatsd_port: 'x' }, undefined, 'dogstatsd_port is "x" (given values)');
    refuses({ http: { prot: 1 } }, undefined, 'did you mean http.port?');
  });

  it('never throws because of the packet', () => {
    for (const packet of ['|', ':|', '_e{', '_e{9,9}:', '_sc', '\0', '\n\r\n', 'a:1|c|', 'a:|s|#'])
      expect(() => explain(packet)).not.toThrow();
  });
});

describe('explainInDetail', () => {
  it('names contexts and their series', () => {
    expect(inDetail('a:1|h|#t', { histogram_aggregates: ['max', 'count'] }).contexts).toEqual([
      {
        name: 'a',
        type: 'histogram',
        host: 'h',
        tags: ['t'],
        timestamped: false,
        series: [
          { name: 'a.max', type: 'gauge', filtered: false },
          { name: 'a.count', type: 'rate', filtered: false },
          { name: 'a.95percentile', type: 'gauge', filtered: false },
        ],
        weight: 1,
      },
    ]);
  });

  const series = (line: string, want: [name: string, type: string][], values: object = {}) =>
    it(`${line} comes to ${want.join(' ') || 'nothing'}`, () => {
      const contexts = (inDetail(line, values).contexts ?? []) as {
        series: { name: string; type: string }[];
      }[];
      expect(contexts.flatMap((context) => context.series.map(({ name, type }) => [name, type]))).toEqual(
        want,
      );
    });
  series('a:1|c', [['a', 'rate']]);
  series('a:1|g', [['a', 'gauge']]);
  series('a:1|s', [['a', 'gauge']]);
  series('a:1|d', [['a', 'distribution']]);
  series('a:1|c|T5', [['a', 'rate']]);
  series('a:1|d|T5', []);
  series('a:1|h|T5', [['d.a', 'distribution']], {
    histogram_copy_to_distribution: true,
    histogram_copy_to_distribution_prefix: 'd.',
  });
  series('a:1|c', [], { metric_filterlist: ['a'] });

  it('marks series that are filtered at the flush', () => {
    const [context = {}] = inDetail('a:1|h', { metric_filterlist: ['a.max'] }).contexts ?? [];
    const series = context.series as { name: string; filtered: boolean }[];
    const filtered = series.filter((each) => each.filtered);
    expect(filtered.map(({ name }) => name)).toEqual(['a.max']);
  });

  it('tells where a rejected line went wrong, and what was odd about others', () => {
    expect(inDetail('a:1|c|@x')).toMatchObject({ line: 'a:1|c|@x', at: 7, steps: [] });
    expect(inDetail('a:1|c|z|c:1|T9', { dogstatsd_no_aggregation_pipeline: false }).notes).toEqual([
      { kind: 'unknown_field', text: 'z' },
      { kind: 'disabled_field', text: 'c:' },
      { kind: 'disabled_field', text: 'T' },
    ]);
  });
});

describe('a sample rate', () => {
  const weightsOf = (line: string, values: object = {}) =>
    (inDetail(line, values).contexts ?? []).map(({ type, weight }) => `${type} ${weight}`);

  it.each([
    ['a:1|c|@0.3', {}, ['counter 3.3333333333333335']],
    ['a:1|h|@0.3', {}, ['histogram 3']],
    ['a:1|h|@0.3', { weights: 'exact' }, ['histogram 3.3333333333333335']],
    ['a:1|d|@0.3', { weights: 'exact' }, ['distribution 3.3333333333333335']],
    ['a:1|h|@0.1', { histogram_copy_to_distribution: true }, ['histogram 10', 'distribution 10']],
    ['a:1|g|@0.1', {}, ['gauge 1']],
    ['a:1|c|@0.1|T1000', {}, ['counter 1']],
    ['a:1|c|@0', {}, ['counter 1']],
    ['a:1|c|@2', {}, ['counter 0.5']],
    ['a:1|h|@2', {}, ['histogram 1']],
    ['a:1|c|@1e-320', {}, ['counter null']],
  ])('of %s under %j comes to %j', (line, values, want) => {
    expect(weightsOf(line, values)).toEqual(want);
  });
});
