/** The order of enrichment beyond what the conformance vectors pin. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventMessage, ParsedMetric } from '../model/message.ts';
import { Tags } from '../model/tags.ts';
import { enrichLine, enrichMessage, samplesOf as samplesOfLine, UNKNOWN_SENDER } from './enrich.ts';
import {
  compileEnrichSettings,
  DEFAULT_ENRICH_OPTIONS,
  type EnrichOptions,
  enrichOptionsOf,
} from './settings.ts';

const METRIC: ParsedMetric = {
  kind: 'metric',
  name: 'a',
  type: 'count',
  values: [1],
  setValue: '',
  sampleRate: 1,
  tags: Tags.NONE,
  timestamp: 0,
  localData: { containerId: '', inode: 0n },
  externalData: { init: false, containerName: '', podUid: '' },
  cardinality: '',
};

const settingsOf = (options: Partial<EnrichOptions>) =>
  compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'server', ...options });
const samplesOf = (fields: Partial<ParsedMetric>, options: Partial<EnrichOptions> = {}) => {
  const message = { ...METRIC, ...fields };
  const line = enrichLine(message, settingsOf(options), UNKNOWN_SENDER);
  return line === undefined ? [] : samplesOfLine(message, line);
};

describe('histogram copies', () => {
  const copying = { histogram_copy_to_distribution: true, histogram_copy_to_distribution_prefix: 'd.' };

  it('follow each sample, and are aggregated even with a timestamp', () => {
    const samples = samplesOf(
      { type: 'histogram', values: [1, 2], timestamp: 5, tags: Tags.of(['t']) },
      copying,
    );
    expect(
      samples.map(({ name, type, value, timestamp, pipeline }) => [name, type, value, timestamp, pipeline]),
    ).toEqual([
      ['a', 'histogram', 1, 5, 'no_aggregation'],
      ['d.a', 'distribution', 1, 5, 'aggregated'],
      ['a', 'histogram', 2, 5, 'no_aggregation'],
      ['d.a', 'distribution', 2, 5, 'aggregated'],
    ]);
  });

  it('are made of histograms and timings only', () => {
    for (const type of ['count', 'gauge', 'distribution', 'set'] as const)
      expect(samplesOf({ type }, copying)).toHaveLength(1);
  });

  it('are not filtered by their own name, but go with the histogram when that is', () => {
    const types = (list: string[]) =>
      samplesOf({ type: 'timing' }, { ...copying, metric_filterlist: list }).map(({ type }) => type);
    expect(types(['d.a'])).toEqual(['histogram', 'distribution']);
    expect(types(['a'])).toEqual([]);
  });
});

describe('tags', () => {
  it('extra tags are sorted, come last and are not searched for special tags', () => {
    const samples = samplesOf(
      { tags: Tags.of(['z']) },
      { dogstatsd_tags: ['host:extra', 'a', 'host:extra'] },
    );
    expect(samples[0]).toMatchObject({ tags: ['z', 'a', 'host:extra'], host: 'server' });
  });

  it('mapped tags are searched, and the cardinality of the client comes first', () => {
    const mappings = [{ match: '*', name: 'm', tags: { 'dd.internal.card': 'high', host: '$1' } }];
    const options = { dogstatsd_mapper_profiles: [{ name: 'p', prefix: '*', mappings }] };
    expect(samplesOf({}, options)[0]).toMatchObject({
      name: 'm',
      host: 'a',
      origin: { cardinality: 'high' },
    });
    expect(samplesOf({ cardinality: 'low' }, options)[0]).toMatchObject({
      tags: ['dd.internal.card:high'],
      origin: { cardinality: 'low' },
    });
  });

  it('the list of the message is not changed', () => {
    const message = { ...METRIC, tags: Tags.of(['host:h', 'a']) };
    enrichLine(message, settingsOf({ dogstatsd_tags: ['x'] }), UNKNOWN_SENDER);
    expect(message.tags.list).toEqual(['host:h', 'a']);
  });
});

describe('events and checks', () => {
  const event: EventMessage = {
    ...METRIC,
    tags: [],
    kind: 'event',
    title: 't',
    text: '',
    hostname: '',
    aggregationKey: '',
    priority: 'normal',
    sourceType: '',
    alertType: 'info',
    warnings: 0,
  };

  it('keep their host in a serverless environment', () => {
    const { message } = enrichMessage(event, settingsOf({ serverless: true }), UNKNOWN_SENDER);
    expect(message.hostname).toBe('server');
  });

  it('have no host when an empty host tag says so', () => {
    const { message } = enrichMessage({ ...event, tags: ['host:'] }, settingsOf({}), UNKNOWN_SENDER);
    expect(message).toMatchObject({ hostname: '', tags: [] });
  });

  it('lose the JMX tag without effect', () => {
    const tags = ['dd.internal.jmx_check_name:kafka', 'a'];
    expect(enrichMessage({ ...event, tags }, settingsOf({}), UNKNOWN_SENDER).message.tags).toEqual(['a']);
  });
});

describe('settings', () => {
  it('that cannot be used as written are said, and do without', () => {
    const settings = settingsOf({
      dogstatsd_mapper_profiles: [{ name: 'p', prefix: '*', mappings: [{ match: '**', name: 'x' }] }],
      dogstatsd_tag_cardinality: 'much',
      metric_tag_value_allowlist: [{ tag_name: 'a' }],
      metric_tag_filterlist: [{ tags: ['a'] }, { metric_name: 'm', action: 'inclde' }],
    });
    expect(settings).toMatchObject({
      mapper: undefined,
      mapperProblem: {
        code: 'consecutive_wildcards',
        message: 'mapper profile 1 "p", rule 1 "**" must not hold two * in a row',
      },
      origin: { cardinality: 'low' },
      tagValuesProblem: 'entry 1 has no metric_prefix',
    });
    expect(settings.warnings).toEqual([
      'dogstatsd_tag_cardinality "much" is unknown; low is used',
      'metric_tag_filterlist: entry 1 has no metric_name and is skipped',
      'metric_tag_filterlist: entry 2 "m" has the action "inclde"; exclude is used',
    ]);
  });

  it('say that a cache without room turns the mapper off', () => {
    const profiles = [{ name: 'p', prefix: 'a.', mappings: [{ match: 'a.*', name: 'x' }] }];
    const settings = settingsOf({ dogstatsd_mapper_profiles: profiles, dogstatsd_mapper_cache_size: 0 });
    expect(settings).toMatchObject({ mapper: undefined, mapperProblem: undefined });
    expect(settings.warnings).toEqual([
      'dogstatsd_mapper_cache_size is 0, which turns the mapper off, as in the Agent: names stay as they are',
    ]);
  });

  it('of a default configuration warn of nothing', () => expect(settingsOf({}).warnings).toEqual([]));
});

it('the options of enrichment can be taken out of a larger configuration', () => {
  const config = { ...DEFAULT_ENRICH_OPTIONS, statsd_metric_namespace: 'ns', dogstatsd_port: 1 };
  expect(enrichOptionsOf(config)).toEqual({ ...DEFAULT_ENRICH_OPTIONS, statsd_metric_namespace: 'ns' });
});

it('a line is the same whatever its values, so it may be computed once', () => {
  const settings = settingsOf({ histogram_copy_to_distribution: true, statsd_metric_namespace: 'ns' });
  const values = fc.array(fc.double(), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(values, values, fc.constantFrom('count', 'timing', 'gauge'), (one, other, type) => {
      const lineOf = (list: number[]) =>
        enrichLine({ ...METRIC, type, values: list }, settings, UNKNOWN_SENDER);
      expect(lineOf(one)).toEqual(lineOf(other));
      const samples = samplesOf({ type, values: one });
      expect(samples.map(({ value }) => value)).toEqual(one);
    }),
  );
});
