import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeDocker } from '../../../test/support/fakes/fake-docker.ts';
import { TagStore } from '../tag-store.ts';
import { NameRules, type NamesAsTags } from '../tags/names-as-tags.ts';
import type { Separators } from '../tags/tag-list.ts';
import { DockerCollector, versionPrefix } from './docker-collector.ts';

const recorded = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/docker/${name}`, import.meta.url), 'utf8');
const INSPECT = JSON.parse(recorded('docker-inspect.json'));
const IMAGE = JSON.parse(recorded('docker-image.json'));
const EVENTS = recorded('docker-events.ndjson').trim().split('\n');
const ID: string = INSPECT.Id;
const entity = (id: string): string => `container_id://${id}`;
const idOf = (n: number): string => n.toString(16).padStart(64, '0');

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Keys {
  readonly labels?: NamesAsTags;
  readonly variables?: NamesAsTags;
  readonly separators?: Separators;
  readonly answerMs?: number;
}

async function start(
  docker: FakeDocker,
  { labels = {}, variables = {}, separators = {}, answerMs }: Keys = {},
) {
  const store = new TagStore({ clock: () => performance.now() });
  const lines: string[] = [];
  const note = (fields: object, sentence: string): void => {
    lines.push(`${sentence} ${JSON.stringify(fields)}`);
  };
  const seen: string[] = [];
  const collector = new DockerCollector({
    ...{ store, socketPath: docker.socketPath, separators, retryMs: 5, clock: () => performance.now() },
    rules: { labels: new NameRules(labels), variables: new NameRules(variables) },
    taskRules: { hasClusterName: true },
    log: { info: note, warn: note },
    onContainer: (id) => void seen.push(id),
    ...(answerMs !== undefined && { answerMs }),
  });
  ends.push(() => collector.stop());
  collector.start();
  /** Waits until the store, or the state of the collector, is as wanted. */
  const until = async (isReached: () => boolean): Promise<void> => {
    const deadline = performance.now() + 100_000;
    while (!isReached()) {
      if (performance.now() > deadline) throw new Error(`never: ${JSON.stringify(collector.state())}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const tags = (id: string) => store.view(entity(id))?.tags;
  return { store, collector, lines, seen, until, tags };
}

async function daemon(): Promise<FakeDocker> {
  const docker = new FakeDocker();
  await docker.listen();
  ends.push(() => docker.close());
  return docker;
}

function container(change: { config?: object; name?: string; image?: string } = {}): { Id: string } {
  const { config = {}, name = '/web-1', image = INSPECT.Image } = change;
  return { ...INSPECT, Name: name, Image: image, Config: { ...INSPECT.Config, ...config } };
}

const IMAGE_TAGS = [
  'docker_image:whippet/test:1.2',
  `image_id:${INSPECT.Image}`,
  'image_name:whippet/test',
  'image_tag:1.2',
  'short_image:test',
];
const HIGH = [`container_id:${ID}`, 'container_name:web-1'];

describe('the tags of a container', () => {
  it('are those of the recorded one: label and variable both count', async () => {
    const docker = await daemon();
    docker.run(INSPECT);
    const { until, tags, collector } = await start(docker);
    await until(() => collector.state().status === 'running');
    expect(tags(ID)).toEqual({
      low: [
        'docker_image:whippet/test:1.2',
        'env:labelenv',
        'env:prod',
        'git.commit.sha:abc123',
        `image_id:${INSPECT.Image}`,
        'image_name:whippet/test',
        'image_tag:1.2',
        'service:web',
        'short_image:test',
        'version:1.2',
      ],
      orchestrator: [],
      high: [`container_id:${ID}`, 'container_name:web-1', 'team:a', 'x:y'],
      standard: ['env:labelenv', 'env:prod', 'service:web', 'version:1.2'],
    });
  });

  // Labels, variables, keys; the low tags besides those of the image, those of orchestrator, the high ones besides name and id.
  it.each<[string, Record<string, string>, string[] | null, Keys, string[], string[], string[]]>([
    ['nothing', {}, [], {}, [], [], []],
    ['no environment at all', {}, null, {}, [], [], []],
    ['a label of the user', { App: 'shop' }, [], { labels: { app: 'kube_app' } }, ['kube_app:shop'], [], []],
    ['a label of the user, high', { app: 'shop' }, [], { labels: { APP: '+team' } }, [], [], ['team:shop']],
    [
      'a glob, and the name of the label',
      { 'com.shop.a': '1', 'org.b': '2' },
      [],
      { labels: { 'com.*': 'l_%%label%%' } },
      ['l_com.shop.a:1'],
      [],
      [],
    ],
    ['several tags of one label', { app: 'x' }, [], { labels: { app: 'a, +b' } }, ['a:x'], [], ['b:x']],
    [
      'a separator',
      { zones: 'a,b' },
      [],
      { labels: { zones: 'zone' }, separators: { zone: ',' } },
      ['zone:a', 'zone:b'],
      [],
      [],
    ],
    ['a variable of the user', {}, ['TEAM=a=b'], { variables: { team: 'team' } }, ['team:a=b'], [], []],
    ['a variable of no one', {}, ['PASSWORD=hunter2', 'PATH=/bin'], {}, [], [], []],
    ['an entry without =', {}, ['DD_ENV', '=x', 'DD_SERVICE=web'], {}, ['service:web'], [], []],
    [
      'OpenTelemetry',
      {},
      [
        'OTEL_RESOURCE_ATTRIBUTES= service.name = a ,service.version=2,deployment.environment=dev,x',
        'OTEL_SERVICE_NAME=b',
      ],
      {},
      ['env:dev', 'service:a', 'service:b', 'version:2'],
      [],
      [],
    ],
    ['Mesos and Nomad', {}, ['MESOS_TASK_ID=t', 'NOMAD_DC=d'], {}, ['nomad_dc:d'], ['mesos_task:t'], []],
    [
      'Swarm and Rancher',
      { 'com.docker.swarm.service.name': 's', 'io.rancher.container.name': 'r' },
      [],
      {},
      ['swarm_service:s'],
      [],
      ['rancher_container:r'],
    ],
    [
      'a task of ECS',
      {
        'com.amazonaws.ecs.task-arn': 'arn:aws:ecs:eu-west-1:1111:task/shop/9',
        'com.amazonaws.ecs.cluster': 'shop',
        'com.amazonaws.ecs.container-name': 'nginx',
        'com.amazonaws.ecs.task-definition-family': 'web',
        'com.amazonaws.ecs.task-definition-version': '5',
      },
      [],
      {},
      [
        ...['aws_account:1111', 'cluster_arn:arn:aws:ecs:eu-west-1:1111:cluster/shop', 'cluster_name:shop'],
        ...['ecs_cluster_name:shop', 'ecs_container_name:nginx', 'region:eu-west-1'],
        ...['task_family:web', 'task_name:web', 'task_version:5'],
      ],
      [
        'task_arn:arn:aws:ecs:eu-west-1:1111:task/shop/9',
        'task_definition_arn:arn:aws:ecs:eu-west-1:1111:task-definition/web:5',
      ],
      [],
    ],
    ['listed tags', { 'com.datadoghq.ad.tags': '["a:b","url:http://x","c",7]' }, [], {}, [], [], ['a:b']],
    ['listed tags that are no JSON', { 'com.datadoghq.ad.tags': '[' }, [], {}, [], [], []],
    ['empty values', { 'com.datadoghq.tags.env': '' }, ['DD_ENV='], {}, [], [], []],
    ['a line break', { app: 'a\nb' }, [], { labels: { app: 'app' } }, ['app:a_b'], [], []],
    [
      'names of every object',
      { constructor: 'x', __proto__x: 'y' },
      [],
      { labels: { constructor: 'c' } },
      ['c:x'],
      [],
      [],
    ],
    ['a label of 60 KiB', { app: 'x'.repeat(61_440) }, [], { labels: { app: 'app' } }, [], [], []],
  ])('%s', async (_, labels, environment, keys, low, orchestrator, high) => {
    const docker = await daemon();
    docker.run(container({ config: { Labels: labels, Env: environment } }));
    const { until, tags, collector } = await start(docker, keys);
    await until(() => collector.state().status === 'running');
    expect(tags(ID)?.low).toEqual([...IMAGE_TAGS, ...low].sort());
    expect(tags(ID)?.orchestrator).toEqual(orchestrator);
    expect(tags(ID)?.high).toEqual([...HIGH, ...high].sort());
  });

  it.each<[string, string, string[]]>([
    [
      'a registry with a port',
      'r.example:5000/team/web:1',
      [
        'docker_image:r.example:5000/team/web:1',
        'image_name:r.example:5000/team/web',
        'image_tag:1',
        'short_image:web',
      ],
    ],
    ['no tag', 'busybox', ['docker_image:busybox', 'image_name:busybox', 'short_image:busybox']],
    [
      'a digest',
      'a/web:1@sha256:00',
      ['docker_image:a/web:1', 'image_name:a/web', 'image_tag:1', 'short_image:web'],
    ],
    ['the short id of the image', 'd5cdd99f268e', IMAGE_TAGS.filter((tag) => !tag.startsWith('image_id'))],
    ['the whole id of the image', INSPECT.Image, IMAGE_TAGS.filter((tag) => !tag.startsWith('image_id'))],
    ['nothing', '', []],
  ])('an image named by %s', async (_, reference, tagsOfImage) => {
    const docker = await daemon();
    docker.images.set(INSPECT.Image, IMAGE);
    docker.run(container({ config: { Image: reference, Labels: null, Env: null } }));
    const { until, tags, collector } = await start(docker);
    await until(() => collector.state().status === 'running');
    expect(tags(ID)?.low).toEqual([`image_id:${INSPECT.Image}`, ...tagsOfImage].sort());
  });

  it('a name keeps the / within it', async () => {
    const docker = await daemon();
    docker.run(container({ name: '/web/1' }));
    const { until, tags, collector } = await start(docker);
    await until(() => collector.state().status === 'running');
    expect(tags(ID)?.high).toContain('container_name:web/1');
  });
});

describe('events', () => {
  it('have a container inspected when it is created, and give it its tags when that is answered, all at once', async () => {
    const docker = await daemon();
    const { until, tags, seen } = await start(docker);
    await docker.listened();
    const created = JSON.parse(EVENTS[0] as string);
    const id: string = created.Actor.ID;
    let inspect: ServerResponse | undefined;
    docker.handlers.set(`/containers/${id}/json`, (response) => {
      inspect = response;
    });
    docker.event(created);
    await until(() => inspect !== undefined);
    // The environment is not in the event, and half of the tags would be another context.
    expect(tags(id)).toBeUndefined();
    expect(seen).toContain(id);
    inspect?.end(JSON.stringify({ ...INSPECT, Id: id, Name: '/ev-1' }));
    await until(() => tags(id)?.low.includes('service:web') === true);
  });

  it('are all that is known of a container that is gone before inspect answers', async () => {
    const docker = await daemon();
    const { until, tags, collector } = await start(docker);
    await docker.listened();
    const created = JSON.parse(EVENTS[0] as string);
    const id: string = created.Actor.ID;
    docker.event(created);
    await until(() => tags(id) !== undefined);
    expect(tags(id)?.high).toEqual([`container_id:${id}`, 'container_name:ev-1']);
    expect(tags(id)?.low).toContain('image_name:whippet/test');
    expect(collector.state().counts).toMatchObject({ inspect_not_found: 1, told_by_event_only: 1 });
  });

  it('of the recorded daemon leave what runs, under its last name', async () => {
    const docker = await daemon();
    docker.run(INSPECT);
    const { until, tags, store, collector } = await start(docker);
    await until(() => collector.state().status === 'running');
    docker.inspects.set(ID, container({ name: '/web-9' }));
    for (const line of EVENTS) docker.event(`${line}\n`);
    await until(() => tags(ID)?.high.includes('container_name:web-9') === true);
    await until(() => collector.state().counts.events === EVENTS.length);
    const ended = (id: string) => store.view(entity(id))?.sources[0]?.endedSecondsAgo !== undefined;
    await until(() => ended(JSON.parse(EVENTS[0] as string).Actor.ID));
  });

  it('that are cut off between create and start, or are no events, are counted and cost nothing else', async () => {
    const docker = await daemon();
    const { until, tags, collector } = await start(docker);
    await docker.listened();
    docker.event('{"Type":"container","Action":"create","Actor":{"ID":"');
    docker.cutEvents();
    docker.run(INSPECT);
    await until(() => tags(ID) !== undefined);
    await docker.listened();
    docker.event('[]\n{"Type":"network"}\nno json\n');
    docker.event({ Type: 'container', Action: 'start', Actor: { ID: '../../etc' } });
    await until(() => collector.state().counts.bad_events === 1);
    await until(() => collector.state().status === 'running');
  });

  it('are asked for since the last one after the connection broke, and what is gone by then has ended', async () => {
    const docker = await daemon();
    docker.run(INSPECT);
    const { until, store, collector, lines } = await start(docker);
    await until(() => collector.state().status === 'running');
    docker.event(`${EVENTS.at(-1)}\n`);
    await until(() => collector.state().counts.events === 1);
    docker.list = [];
    docker.cutEvents();
    await until(() => store.view(entity(ID))?.sources[0]?.endedSecondsAgo !== undefined);
    const { timeNano } = JSON.parse(EVENTS.at(-1) as string);
    const [again] = docker.asked.filter((path) => path.includes('since='));
    const since = Number(new URL(again as string, 'http://x').searchParams.get('since'));
    expect(Math.abs(since - timeNano / 1e9)).toBeLessThan(0.001);
    await until(() => collector.state().status === 'running');
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      'reading container tags from Docker',
      'cannot read container tags from Docker',
      'reading container tags from Docker',
    ]);
  });
});

describe('a daemon that', () => {
  it('is absent is tried again until it is there, and the log says so once', async () => {
    const docker = new FakeDocker();
    ends.push(() => docker.close());
    const { until, collector, lines } = await start(docker);
    await until(() => (collector.state().counts.failed_unreachable ?? 0) >= 3);
    expect(collector.state()).toMatchObject({
      status: 'failing',
      remedy: expect.stringContaining('start Docker'),
    });
    expect(lines).toHaveLength(1);
    docker.run(INSPECT);
    await docker.listen();
    await until(() => collector.state().status === 'running' && collector.state().entities === 1);
    expect(collector.state().remedy).toBe('');
  });

  it.each<[string, (response: ServerResponse) => void, string]>([
    ['404', (response) => response.writeHead(404).end('{}'), 'inspect_not_found'],
    ['500', (response) => response.writeHead(500).end('{}'), 'inspect_status'],
    ['half an object', (response) => response.end('{"Id":"375b'), 'inspect_no_json'],
    [
      'a connection that breaks',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{');
        setImmediate(() => response.destroy());
      },
      'inspect_cut_off',
    ],
    ['nothing in time', () => undefined, 'inspect_deadline'],
    ['9 MiB', (response) => response.end(`"${'x'.repeat(9 * 1024 * 1024)}"`), 'inspect_too_large'],
    ['another container', (response) => response.end(JSON.stringify(INSPECT)), 'bad_inspects'],
    ['a list', (response) => response.end('[]'), 'bad_inspects'],
  ])('answers an inspect with %s: it is counted, and the others have their tags', async (_, answer, count) => {
    const docker = await daemon();
    const bad = idOf(1);
    docker.run({ Id: bad });
    docker.run(INSPECT);
    docker.handlers.set(`/containers/${bad}/json`, answer);
    const { until, tags, collector, lines } = await start(docker, {
      // Long enough for all but the one that never answers.
      answerMs: count === 'inspect_deadline' ? 3000 : 60_000,
    });
    await until(() => collector.state().status === 'running');
    expect(tags(bad)).toBeUndefined();
    expect(tags(ID)).toBeDefined();
    expect(collector.state().counts).toEqual({ [count]: 1, tooLongTags: 0, tooManyTags: 0 });
    expect(lines).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['the list', '/containers/json'],
    ['a ping', '/_ping'],
    ['events', '/events'],
  ])('refuses %s is tried again', async (_, path) => {
    const docker = await daemon();
    docker.run(INSPECT);
    docker.handlers.set(path, (response) => response.writeHead(403).end('{}'));
    const { until, collector } = await start(docker);
    await until(() => (collector.state().counts.failed_status ?? 0) >= 2);
    expect(collector.state().detail).toContain('403');
    docker.handlers.clear();
    await until(() => collector.state().status === 'running');
  });

  it('has 2,000 containers is asked for a few at a time, each once', { timeout: 120_000 }, async () => {
    const docker = await daemon();
    for (let n = 0; n < 2000; n++) docker.run({ ...INSPECT, Id: idOf(n) });
    let [now, most] = [0, 0];
    for (let n = 0; n < 2000; n++)
      docker.handlers.set(`/containers/${idOf(n)}/json`, (response) => {
        most = Math.max(most, ++now);
        setImmediate(() => {
          now--;
          response.end(JSON.stringify({ ...INSPECT, Id: idOf(n) }));
        });
      });
    const { until, collector } = await start(docker);
    await until(() => collector.state().status === 'running');
    expect(collector.state().entities).toBe(2000);
    expect(most).toBeLessThanOrEqual(4);
    expect(
      docker.asked.filter((path) => path !== '/containers/json' && path.startsWith('/containers')),
    ).toHaveLength(2000);
  });
});

it('nothing of an answer is in the log or the state: answers hold secrets', async () => {
  const docker = await daemon();
  docker.run(container({ config: { Env: ['PASSWORD=hunter2'] } }));
  docker.handlers.set('/containers/json', (response) => response.end('["hunter2"'));
  const { until, collector, lines, store } = await start(docker);
  await until(() => (collector.state().counts.failed_no_json ?? 0) > 0);
  docker.handlers.clear();
  await until(() => collector.state().status === 'running');
  const everything = JSON.stringify([lines, collector.state(), store.snapshot(), store.view(entity(ID))]);
  expect(everything).not.toContain('hunter2');
});

it('find() inspects one container at once, and gives up on one that is not there', async () => {
  const docker = await daemon();
  const { until, collector, tags } = await start(docker);
  await until(() => collector.state().status === 'running');
  docker.inspects.set(ID, INSPECT);
  await collector.find(ID);
  expect(tags(ID)).toBeDefined();
  await collector.find(idOf(9));
  await collector.find('no id');
  expect(collector.state().counts.inspect_not_found).toBe(1);
});

it.each([
  ['1.41', '/v1.41'],
  ['1.44', '/v1.44'],
  ['1.52', '/v1.44'],
  ['2.0', '/v1.44'],
  [undefined, ''],
  ['new', ''],
])('a daemon of API %s is asked under %s', (offered, prefix) => {
  expect(versionPrefix(offered)).toBe(prefix);
});
