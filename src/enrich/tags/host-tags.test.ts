/** The tags of this host: how they are made, and what gets them. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { explain } from '../../inspect/explain/explain.ts';
import { Simulation } from '../../inspect/simulate/simulate.ts';
import { simulateSettings } from '../../inspect/simulate/simulate-settings.ts';
import { compileHostTags, DEFAULT_HOST_TAG_OPTIONS, type HostTagOptions } from './host-tags.ts';

const AGENT = { tags: ['team:a', 'region:eu'], extra_tags: ['team:a', 'rack:7'], env: 'prod' };
const ALL = ['env:prod', 'rack:7', 'region:eu', 'team:a'];

const compiles = (options: Partial<HostTagOptions>, want: string[]) =>
  it(`${JSON.stringify(options)} makes ${want.join(' ')}`, () =>
    expect(compileHostTags({ ...DEFAULT_HOST_TAG_OPTIONS, ...options })).toEqual(want));

describe('host tags are sorted, each once', () => {
  compiles({}, []);
  compiles(AGENT, ALL);
  compiles({ env: 'preprod', tags: ['env:prod'] }, ['env:preprod', 'env:prod']);
  compiles({ cluster_name: 'blue' }, ['cluster_name:blue', 'kube_cluster_name:blue']);
  compiles({ cluster_name: 'blue', disable_cluster_name_tag_key: true }, ['kube_cluster_name:blue']);
  compiles({ tags: ['p:0,1', 'q:0,1', 'p'], tag_value_split_separator: { p: ',' } }, [
    'p',
    'p:0',
    'p:1',
    'q:0,1',
  ]);
  compiles({ tags: ['constructor:1'] }, ['constructor:1']);
});

describe('the variables of an Agent set them', () => {
  it('DD_TAGS, DD_EXTRA_TAGS and DD_ENV', () => {
    const env = { DD_TAGS: 'team:a region:eu', DD_EXTRA_TAGS: 'rack:7', DD_ENV: ' prod ' };
    const { config, warnings } = loadConfig({ env });
    expect(compileHostTags(config)).toEqual(ALL);
    expect(warnings).toEqual([]);
  });
});

/** Final tags of the only message, sorted. */
function tagsOf(line: string, config: object = {}): string[] {
  const { messages } = explain(line, { config: { ...AGENT, ...config }, tagger: {} });
  const { tags } = messages[0]?.enriched as unknown as { tags: string[] };
  return [...tags].sort();
}

describe('what gets them', () => {
  it.each([
    'hits:1|c',
    'hits:1|g|T1700000000',
    'hits:1|h',
    'hits:1|d',
    'hits:a|s',
    '_e{1,1}:a|b',
    '_sc|db.up|0',
    'hits:1|c|#host:agent-host',
  ])('%s, which is of this host', (line) => expect(tagsOf(line)).toEqual(ALL));
  it.each([
    'hits:1|c|#host:db-1',
    '_e{1,1}:a|b|h:db-1',
    '_sc|db.up|0|h:db-1',
    'hits:1|c|#host:',
  ])('not %s, which is of another host', (line) => expect(tagsOf(line)).toEqual([]));
  it('everything in a serverless environment, whose metrics have no host', () =>
    expect(tagsOf('hits:1|c', { serverless: true })).toEqual(ALL));
  it('a tag that the client sends as well is there once', () =>
    expect(tagsOf('hits:1|c|#team:a,x')).toEqual([...ALL, 'x']));
  it('no filter and no rule takes them off', () => {
    expect(
      tagsOf('hits:1|c|#x', {
        metric_tag_filterlist: [{ metric_name: 'hits', action: 'include', tags: [] }],
      }),
    ).toEqual(ALL);
    expect(tagsOf('hits:1|c|#x', { rules: [{ match: 'hits', keep_tags: [] }] })).toEqual(ALL);
  });
});

it('what they make equal is one series: no output gets two points of one series and time', () => {
  const settings = simulateSettings({ values: { ...AGENT, hostname: 'web-1' } });
  const run = new Simulation(settings, false, 1);
  run.takePacket('hits:1|c\nhits:2|c|#team:a\nhits:4|c|#env:prod,rack:7', 1);
  run.flush(0, 10);
  expect(
    run.takeSeries().map(({ name, points, tags }) => ({ name, points, tags: [...tags].sort() })),
  ).toEqual([{ name: 'hits', points: [[0, 0.7]], tags: ALL }]);
});
