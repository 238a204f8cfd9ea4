/** What enrichment reports while it works. */
import { describe, expect, it } from 'vitest';
import type { EventMessage, ParsedMetric } from '../model/message.ts';
import { Tags } from '../model/tags.ts';
import { enrichLine, enrichMessage, UNKNOWN_SENDER } from './enrich.ts';
import { contextOf } from './line-context.ts';
import { compileEnrichSettings, DEFAULT_ENRICH_OPTIONS, type EnrichOptions } from './settings.ts';
import { StaticTagger } from './tags/static-tagger.ts';
import type { EnrichStep } from './trace.ts';

const FIELDS = {
  timestamp: 0,
  localData: { containerId: '', inode: 0n },
  externalData: { init: false, containerName: '', podUid: '' },
  cardinality: '',
};
const METRIC: ParsedMetric = {
  ...FIELDS,
  tags: Tags.NONE,
  kind: 'metric',
  name: 'a.b',
  type: 'histogram',
  values: [1],
  setValue: '',
  sampleRate: 1,
};
const EVENT: EventMessage = {
  ...FIELDS,
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
const TAGGER = new StaticTagger({ entities: { 'container_id://x': { low: ['image:x'] } } });

function stepsOf(fields: Partial<ParsedMetric>, options: Partial<EnrichOptions> = {}): EnrichStep[] {
  const settings = compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'server', ...options });
  const steps: EnrichStep[] = [];
  const trace = (step: EnrichStep): void => void steps.push(step);
  const line = enrichLine({ ...METRIC, ...fields }, settings, UNKNOWN_SENDER, trace);
  if (line !== undefined) contextOf(line, settings, TAGGER, trace);
  return steps;
}

const HOST: EnrichStep = { kind: 'host', host: 'server', from: 'server' };
const GLOBAL: EnrichStep = { kind: 'origin', source: 'global', entity: '', level: 'low', tags: [] };

const reports = (
  what: string,
  fields: Partial<ParsedMetric>,
  options: Partial<EnrichOptions>,
  want: EnrichStep[],
) => it(what, () => expect(stepsOf(fields, options)).toEqual(want));

describe('a metric reports', () => {
  const mappings = [{ match: '*.*', name: 'x', tags: { second: '$2' } }];
  reports('nothing but its host and the global tags when nothing changes it', {}, {}, [HOST, GLOBAL]);
  reports(
    'the rule that mapped it, with captures',
    {},
    { dogstatsd_mapper_profiles: [{ name: 'p', prefix: 'a', mappings }] },
    [
      {
        kind: 'mapped',
        profile: 'p',
        rule: 1,
        match: '*.*',
        captures: ['a.b', 'a', 'b'],
        name: 'x',
        tags: ['second:b'],
      },
      HOST,
      GLOBAL,
    ],
  );
  reports(
    'the profile that took it without a rule',
    { name: 'abc' },
    { dogstatsd_mapper_profiles: [{ name: 'p', prefix: 'a', mappings }] },
    [{ kind: 'unmapped', profile: 'p' }, HOST, GLOBAL],
  );
  reports('tags that are instructions', { tags: Tags.of(['host:h', 'dd.internal.card:none', 'x']) }, {}, [
    { kind: 'special_tag', tag: 'host:h', sets: 'host' },
    { kind: 'special_tag', tag: 'dd.internal.card:none', sets: 'cardinality' },
    { kind: 'host', host: 'h', from: 'tag' },
    { kind: 'no_origin' },
  ]);
  reports('its namespace', {}, { statsd_metric_namespace: 'ns' }, [
    { kind: 'namespace', prefix: 'ns.', name: 'ns.a.b' },
    HOST,
    GLOBAL,
  ]);
  reports('why it has no namespace', { name: 'jvm.heap' }, { statsd_metric_namespace: 'ns' }, [
    { kind: 'namespace_exempt', entry: 'jvm' },
    HOST,
    GLOBAL,
  ]);
  reports(
    'the entry that filtered it, and nothing after that',
    {},
    { metric_filterlist: ['a'], metric_filterlist_match_prefix: true },
    [{ kind: 'filtered', name: 'a.b', entry: 'a' }],
  );
  reports(
    'added tags, its copy, its workload and removed tags',
    { tags: Tags.of(['u:1']), localData: { containerId: 'x', inode: 0n } },
    {
      dogstatsd_tags: ['env:dev'],
      histogram_copy_to_distribution: true,
      histogram_copy_to_distribution_prefix: 'd.',
      metric_tag_filterlist: [{ metric_name: 'a.b', tags: ['u', 'image'] }],
    },
    [
      { kind: 'extra_tags', tags: ['env:dev'] },
      HOST,
      { kind: 'copied', name: 'd.a.b' },
      { kind: 'origin', source: 'container', entity: 'container_id://x', level: 'low', tags: ['image:x'] },
      GLOBAL,
      { kind: 'tags_removed', name: 'a.b', tags: ['u:1', 'image:x'] },
    ],
  );
  reports('a workload nobody knows', { localData: { containerId: 'y', inode: 0n } }, {}, [
    HOST,
    { kind: 'origin', source: 'container', entity: 'container_id://y', level: 'low', tags: undefined },
    GLOBAL,
  ]);
  reports('that it has no host in a serverless environment', {}, { serverless: true }, [
    { kind: 'host', host: '', from: 'serverless' },
    GLOBAL,
  ]);
});

it('an event reports where its host is from', () => {
  const settings = compileEnrichSettings(DEFAULT_ENRICH_OPTIONS);
  const steps: EnrichStep[] = [];
  const event = { ...EVENT, hostname: 'h', tags: ['host:x'] };
  enrichMessage(event, settings, UNKNOWN_SENDER, (step) => void steps.push(step));
  expect(steps).toEqual([
    { kind: 'special_tag', tag: 'host:x', sets: 'host' },
    { kind: 'host', host: 'h', from: 'field' },
  ]);
});
