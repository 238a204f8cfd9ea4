/** What metric rules do to lines, and what enrichment reports of it. */
import { describe, expect, it } from 'vitest';
import type { ParsedMetric } from '../../model/message.ts';
import type { MetricRuleOptions } from '../../model/metric-rule.ts';
import { parseMessage } from '../../protocol/message.ts';
import { enrichLine, samplesOf, UNKNOWN_SENDER } from '../enrich.ts';
import { contextOf, copyContextOf } from '../line-context.ts';
import { compileEnrichSettings, DEFAULT_ENRICH_OPTIONS, type EnrichOptions } from '../settings.ts';
import { StaticTagger } from '../tags/static-tagger.ts';
import type { EnrichStep } from '../trace.ts';

const TAGGER = new StaticTagger({ global: { low: ['cluster:blue'] } });
const PARSE = { noAggregationPipeline: true, originDetectionClient: false };
const COPIED = { histogram_copy_to_distribution: true, histogram_copy_to_distribution_prefix: 'd.' };

/** Contexts as text, and the steps that rules made. */
function follow(line: string, rules: readonly MetricRuleOptions[], others: Partial<EnrichOptions> = {}) {
  const settings = compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, ...others, rules });
  const message = parseMessage(line, PARSE) as ParsedMetric;
  const steps: EnrichStep[] = [];
  const trace = (step: EnrichStep): void => void steps.push(step);
  const enriched = enrichLine(message, settings, UNKNOWN_SENDER, trace);
  const contexts =
    enriched === undefined
      ? []
      : [contextOf(enriched, settings, TAGGER, trace), copyContextOf(enriched, settings, TAGGER, trace)];
  return {
    samples: enriched === undefined ? [] : samplesOf(message, enriched),
    contexts: contexts.flatMap((one) => (one ? [`${one.name} ${one.type} ${one.tags.list.join(',')}`] : [])),
    steps: steps.filter(({ kind }) => kind === 'rule' || kind === 'tags_removed'),
  };
}

describe('a rule', () => {
  it('drops a metric', () => {
    const { contexts, steps } = follow('a.b:1|c', [{ match: 'a.*', drop: true }]);
    expect(contexts).toEqual([]);
    expect(steps).toEqual([{ kind: 'rule', name: 'a.b', rule: 1, match: 'a.*', drop: true }]);
  });

  it('sees the name that mapper and namespace made', () => {
    const mappings = [{ match: 'a.*', name: 'x', tags: { second: '$1' } }];
    const settings = {
      dogstatsd_mapper_profiles: [{ name: 'p', prefix: '*', mappings }],
      statsd_metric_namespace: 'ns',
    };
    const rules = [
      { match: 'a.b', drop: true },
      { match: 'ns.x', drop_tags: ['second'] },
    ];
    expect(follow('a.b:1|c', rules, settings).contexts).toEqual(['ns.x counter cluster:blue']);
  });

  it('picks among the tags of line, configuration and origin, and says which it took', () => {
    const { contexts, steps } = follow('a:1|c|#env:dev,user:7,host:h', [{ match: 'a', keep_tags: ['env'] }], {
      dogstatsd_tags: ['team:x'],
      metric_tag_filterlist: [{ metric_name: 'a', tags: ['user'] }],
    });
    expect(contexts).toEqual(['a counter env:dev']);
    expect(steps).toEqual([
      { kind: 'rule', name: 'a', rule: 1, match: 'a', drop: false },
      { kind: 'tags_removed', name: 'a', tags: ['user:7'] },
      {
        kind: 'tags_removed',
        name: 'a',
        tags: ['team:x', 'cluster:blue'],
        by: { rule: 1, match: 'a' },
      },
    ]);
  });

  it('picks among the tags of timestamped samples and leaves their order and repetition', () => {
    const rules = [{ match: 'a', drop_tags: ['b', 'cluster'] }];
    expect(follow('a:1|c|#z,b:1,a,z|T1700000000', rules).contexts).toEqual(['a counter z,a,z']);
  });

  it('makes another type of it, with the values and rates as sent', () => {
    const { contexts, samples, steps } = follow('a:1:2|ms|@0.5', [{ match: 'a', as: 'count' }]);
    expect(contexts).toEqual(['a counter cluster:blue']);
    expect(samples.map(({ type, value, sampleRate }) => [type, value, sampleRate])).toEqual([
      ['counter', 1, 0.5],
      ['counter', 2, 0.5],
    ]);
    expect(steps).toEqual([{ kind: 'rule', name: 'a', rule: 1, match: 'a', drop: false, as: 'counter' }]);
  });

  it.each([
    ['a set', 'a:x|s', 'a set cluster:blue'],
    ['a count with a timestamp', 'a:1|c|T1700000000', 'a counter cluster:blue'],
  ])('cannot make a distribution of %s, and says so', (_, line, want) => {
    const { contexts, steps } = follow(line, [{ match: 'a', as: 'distribution' }]);
    expect(contexts).toEqual([want]);
    expect(steps).toMatchObject([{ refused: 'distribution' }]);
  });

  it('makes a gauge of a timing with a timestamp, which can then be passed through', () => {
    const { contexts, samples } = follow('a:1|ms|T1700000000', [{ match: 'a', as: 'gauge' }]);
    expect(contexts).toEqual(['a gauge cluster:blue']);
    expect(samples).toMatchObject([{ pipeline: 'no_aggregation', timestamp: 1_700_000_000 }]);
  });
});

describe('a copy of a histogram', () => {
  it('has rules by its own name, as a distribution', () => {
    const rules: MetricRuleOptions[] = [
      { match: 'a', drop_tags: ['env'] },
      { match: 'd.a', types: ['distribution'], drop_tags: ['cluster'] },
    ];
    const { contexts } = follow('a:1|h|#env:dev', rules, COPIED);
    expect(contexts).toEqual(['a histogram cluster:blue', 'd.a distribution env:dev']);
  });

  it('goes with the histogram, and can be dropped alone', () => {
    expect(follow('a:1|h', [{ match: 'a', drop: true }], COPIED).contexts).toEqual([]);
    const { contexts } = follow('a:1|h', [{ match: 'd.*', drop: true }], COPIED);
    expect(contexts).toEqual(['a histogram cluster:blue']);
  });

  it('is made of what is a histogram after the rules', () => {
    const made = follow('a:1|g', [{ match: 'a', as: 'histogram' }], COPIED);
    expect(made.contexts).toEqual(['a histogram cluster:blue', 'd.a distribution cluster:blue']);
    const unmade = follow('a:1|h', [{ match: 'a', as: 'distribution' }], COPIED);
    expect(unmade.contexts).toEqual(['a distribution cluster:blue']);
  });

  it('stays a distribution', () => {
    const { contexts, steps } = follow('a:1|h', [{ match: 'd.a', as: 'gauge' }], COPIED);
    expect(contexts[1]).toBe('d.a distribution cluster:blue');
    expect(steps).toMatchObject([{ name: 'd.a', refused: 'gauge' }]);
  });
});
