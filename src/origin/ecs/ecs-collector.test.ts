/** The collector of ECS against a server that answers as the endpoints of a task and the agent of an instance do. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { TagStore } from '../tag-store.ts';
import { NameRules } from '../tags/names-as-tags.ts';
import { EcsCollector, type EcsOptions } from './ecs-collector.ts';

const APP = 'cd189a933e5849daa93386466019ab50-2495160603';
const PAUSED = 'cd189a933e5849daa93386466019ab50-1111111111';
const DOCKER_1 = '1f'.repeat(32);
const DOCKER_2 = '2e'.repeat(32);
const REGION = 'arn:aws:ecs:us-west-2:111122223333';
const ARN = `${REGION}:task/default/e9028f8d5d8e4f258373e7b93ce9a3c3`;

// In the shape of the examples of AWS's documentation.
const FARGATE = {
  Cluster: `${REGION}:cluster/default`,
  TaskARN: ARN,
  Family: 'curltest',
  Revision: '3',
  DesiredStatus: 'RUNNING',
  KnownStatus: 'RUNNING',
  Limits: { CPU: 0.25, Memory: 512 },
  AvailabilityZone: 'us-west-2d',
  LaunchType: 'FARGATE',
  ServiceName: 'Shop',
  Containers: [
    {
      DockerId: APP,
      Name: 'curl',
      DockerName: 'curl',
      Image: '111122223333.dkr.ecr.us-west-2.amazonaws.com/curltest:latest',
      ImageID: 'sha256:25f3695bedfb',
      Labels: { 'com.amazonaws.ecs.task-arn': ARN, 'com.datadoghq.tags.env': 'prod', 'com.shop.team': 'a' },
      KnownStatus: 'RUNNING',
      Type: 'NORMAL',
    },
    {
      DockerId: PAUSED,
      Name: '~internal~ecs~pause',
      Type: 'CNI_PAUSE',
      KnownStatus: 'RESOURCES_PROVISIONED',
    },
    { DockerId: `${APP}9`, Name: 'done', Type: 'NORMAL', KnownStatus: 'STOPPED' },
    { Name: 'not there yet' },
  ],
};
const CLUSTER = ['cluster_arn:arn:aws:ecs:us-west-2:111122223333:cluster/default', 'cluster_name:default'];
const FARGATE_TASK = {
  low: [
    ...[
      'availability-zone:us-west-2d',
      'availability_zone:us-west-2d',
      'aws_account:111122223333',
      ...CLUSTER,
    ],
    ...['ecs_cluster_name:default', 'ecs_service:shop', 'region:us-west-2'],
    `service_arn:${REGION}:service/default/Shop`,
    ...['task_family:curltest', 'task_name:curltest', 'task_version:3'],
  ],
  orchestrator: [`task_arn:${ARN}`, `task_definition_arn:${REGION}:task-definition/curltest:3`],
};
const FARGATE_CONTAINER = {
  low: [
    ...FARGATE_TASK.low,
    ...['ecs_container_name:curl', 'env:prod', 'image_id:sha256:25f3695bedfb'],
    ...['image_name:111122223333.dkr.ecr.us-west-2.amazonaws.com/curltest', 'image_tag:latest'],
    'short_image:curltest',
  ].sort(),
  orchestrator: FARGATE_TASK.orchestrator,
  high: [`container_id:${APP}`, 'container_name:curl', 'team:a'],
  standard: ['env:prod'],
};

const OTHER = `${REGION}:task/default/0f9a`;
const AGENT = {
  Cluster: 'default',
  ContainerInstanceArn: `${REGION}:container-instance/default/1`,
  Version: 'x',
};
const EC2_TASKS = {
  Tasks: [
    {
      ...{ Arn: OTHER, Family: 'web', Version: '5', DesiredStatus: 'RUNNING', KnownStatus: 'RUNNING' },
      Containers: [{ DockerId: DOCKER_1, DockerName: 'ecs-web-5-nginx-88', Name: 'nginx' }],
    },
    {
      ...{ Arn: `${REGION}:task/0f9b`, Family: 'old', Version: '1', KnownStatus: 'STOPPED' },
      Containers: [{ DockerId: '3d'.repeat(32), DockerName: 'x', Name: 'x' }],
    },
  ],
};
const EC2_WEB = {
  low: [
    ...['aws_account:111122223333', ...CLUSTER, 'ecs_cluster_name:default', 'ecs_container_name:nginx'],
    ...['region:us-west-2', 'task_family:web', 'task_name:web', 'task_version:5'],
  ],
  orchestrator: [`task_arn:${OTHER}`, `task_definition_arn:${REGION}:task-definition/web:5`],
  high: [`container_id:${DOCKER_1}`, 'container_name:ecs-web-5-nginx-88'],
  standard: [],
};
const EC2_OWN = {
  ...{ ...FARGATE, LaunchType: 'EC2', TaskARN: `${REGION}:task/default/own`, ServiceName: 'agent' },
  Containers: [{ DockerId: DOCKER_2, DockerName: 'ecs-whippet', Name: 'whippet', Image: 'whippet:1' }],
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Answer = object | number | string | ((response: ServerResponse) => void);
type Answers = Record<string, Answer>;

async function start(answers: Answers, options: Partial<EcsOptions> = {}, paths = ['/v4/id/task']) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    if (typeof answer === 'function') answer(response);
    else if (typeof answer === 'number') response.writeHead(answer).end('{"a":1}');
    else if (typeof answer === 'string') response.end(answer);
    else if (answer === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = new TagStore({ clock: () => performance.now() });
  const lines: string[] = [];
  const say = (fields: object, sentence: string) => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  const collector = new EcsCollector({
    ...{ store, taskUrls: paths.map((path) => base + path), agentUrls: [base], isFargate: false },
    ...{ collectsResourceTags: false, rules: { hasClusterName: true }, separators: {} },
    containerRules: { labels: new NameRules({ 'com.shop.team': '+team' }), variables: new NameRules() },
    ...{
      log: { info: say, warn: say },
      clock: () => performance.now(),
      pollMs: 5,
      retryMs: 5,
      answerMs: 5000,
    },
    ...options,
  });
  ends.push(() => collector.stop());
  collector.start();
  const until = async (isReached: () => boolean): Promise<void> => {
    const deadline = performance.now() + 60_000;
    while (!isReached()) {
      if (performance.now() > deadline) throw new Error(`never: ${JSON.stringify(collector.state())}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const counted = (what: string): number => collector.state().counts[what] ?? 0;
  const isRunning = (): boolean => collector.state().status === 'running';
  return { collector, store, asked, lines, until, counted, isRunning };
}

const tagsOf = ({ store }: { store: TagStore }, id: string) => store.view(`container_id://${id}`)?.tags;

describe('on Fargate', () => {
  it('the task gives its tags to its containers and to everything', async () => {
    const ecs = await start({ '/v4/id/task': FARGATE });
    await ecs.until(ecs.isRunning);
    expect(tagsOf(ecs, APP)).toEqual(FARGATE_CONTAINER);
    expect(ecs.store.globalTags).toEqual({ ...FARGATE_TASK, high: [], standard: [] });
    // No pause container, none that has ended, none that is not there yet.
    expect(ecs.store.entityCount).toBe(1);
    expect(ecs.lines).toHaveLength(1);
    expect(ecs.asked).not.toContain('/v1/tasks');
  });

  it.each([
    ['v3', ['/v4/id/task', '/v3/id/task'], '/v3/id/task'],
    ['v2', ['/v2/metadata'], '/v2/metadata'],
  ])('an older platform answers by %s', async (_, paths, path) => {
    const { LaunchType, ServiceName, ...older } = FARGATE;
    const ecs = await start({ [path]: { ...older, Revision: 3 } }, { isFargate: true, agentUrls: [] }, paths);
    await ecs.until(ecs.isRunning);
    const without = FARGATE_CONTAINER.low.filter((tag) => !/^(ecs_service|service_arn):/.test(tag));
    expect(tagsOf(ecs, APP)?.low).toEqual(without);
    expect(ecs.collector.state().detail).toContain(path);
  });

  it('cluster_name can be left out', async () => {
    const ecs = await start({ '/v4/id/task': FARGATE }, { rules: { hasClusterName: false } });
    await ecs.until(ecs.isRunning);
    expect(ecs.store.globalTags.low).toEqual(
      FARGATE_TASK.low.filter((tag) => tag !== 'cluster_name:default'),
    );
  });

  it('a container that stops ends, and one that starts is found when something of it comes', async () => {
    const answers: Answers = { '/v4/id/task': { ...FARGATE, Containers: [] } };
    const ecs = await start(answers, { pollMs: 600 });
    await ecs.until(ecs.isRunning);
    answers['/v4/id/task'] = FARGATE;
    await ecs.collector.find();
    expect(ecs.store.has(`container_id://${APP}`)).toBe(true);
    answers['/v4/id/task'] = { ...FARGATE, Containers: [] };
    await ecs.collector.find();
    expect(ecs.store.view(`container_id://${APP}`)?.sources[0]?.endedSecondsAgo).toBeDefined();
  });
});

describe('on an instance', () => {
  it('the agent gives all tasks their tags, and everything those of the cluster', async () => {
    const ecs = await start({ '/v4/id/task': EC2_OWN, '/v1/metadata': AGENT, '/v1/tasks': EC2_TASKS });
    await ecs.until(ecs.isRunning);
    expect(tagsOf(ecs, DOCKER_1)).toEqual(EC2_WEB);
    expect(ecs.store.globalTags.low).toEqual([...CLUSTER, 'ecs_cluster_name:default']);
    expect(ecs.store.entityCount).toBe(1);
    expect(ecs.collector.state()).toMatchObject({ remedy: '', entities: 1 });
  });

  it("the server's own task tells its service too, which the agent does not", async () => {
    const { Family, Revision, TaskARN, Containers } = EC2_OWN;
    const own = { Arn: TaskARN, Family, Version: Revision, KnownStatus: 'RUNNING', Containers };
    const tasks = { Tasks: [...EC2_TASKS.Tasks, own, { Arn: 7 }] };
    const ecs = await start({ '/v4/id/task': EC2_OWN, '/v1/metadata': AGENT, '/v1/tasks': tasks });
    await ecs.until(ecs.isRunning);
    expect(tagsOf(ecs, DOCKER_2)?.low).toContain('ecs_service:agent');
    expect(tagsOf(ecs, DOCKER_2)?.low).not.toContain('availability_zone:us-west-2d');
    expect(tagsOf(ecs, DOCKER_1)?.low.join()).not.toContain('ecs_service');
    expect(ecs.counted('bad_tasks')).toBeGreaterThan(0);
  });

  it('without the agent, the own task is known alone, which is said once with the remedy', async () => {
    const ecs = await start({ '/v4/id/task': EC2_OWN });
    await ecs.until(() => ecs.counted('agent_status') >= 3);
    expect(tagsOf(ecs, DOCKER_2)?.low).toContain('ecs_service:agent');
    expect(ecs.collector.state().remedy).toContain('ecs_agent_url');
    expect(ecs.lines.filter((line) => line.includes('the task this server runs in'))).toHaveLength(1);
  });

  it('an agent that goes away takes no tags with it', async () => {
    const answers: Answers = { '/v4/id/task': EC2_OWN, '/v1/metadata': AGENT, '/v1/tasks': EC2_TASKS };
    const ecs = await start(answers);
    await ecs.until(ecs.isRunning);
    answers['/v1/tasks'] = 500;
    await ecs.until(() => ecs.collector.state().status === 'failing');
    const [source] = ecs.store.view(`container_id://${DOCKER_1}`)?.sources ?? [];
    expect(source?.endedSecondsAgo).toBeUndefined();
    answers['/v1/tasks'] = EC2_TASKS;
    await ecs.until(ecs.isRunning);
  });

  it('works outside of tasks, where only the agent is asked', async () => {
    const ecs = await start({ '/v1/metadata': AGENT, '/v1/tasks': EC2_TASKS }, { taskUrls: [] });
    await ecs.until(ecs.isRunning);
    expect(tagsOf(ecs, DOCKER_1)).toEqual(EC2_WEB);
  });

  it('tags of resources are asked for once, when they are wanted', async () => {
    const own = {
      ...EC2_OWN,
      TaskTags: { Team: 'Shop', 'aws:x': 'y' },
      ContainerInstanceTags: { Rack: '7' },
    };
    const answers = { '/v4/id/task': EC2_OWN, '/v4/id/taskWithTags': own };
    const ecs = await start(answers, { collectsResourceTags: true });
    await ecs.until(() => ecs.counted('agent_status') >= 3);
    expect(tagsOf(ecs, DOCKER_2)?.low).toEqual(expect.arrayContaining(['rack:7', 'team:shop']));
    expect(tagsOf(ecs, DOCKER_2)?.low.join()).not.toContain('aws:x');
    expect(ecs.asked.filter((path) => path.endsWith('WithTags'))).toHaveLength(1);
    const without = await start(answers);
    await without.until(() => without.counted('agent_status') >= 1);
    expect(without.asked.join()).not.toContain('WithTags');
  });
});

describe('an endpoint', () => {
  it.each<[string, Answer, string]>([
    ['404', 404, 'failed_status'],
    ['500', 500, 'failed_status'],
    ['half a JSON object', '{"TaskARN":"a', 'failed_no_json'],
    ['a list', [], 'failed_no_json'],
    ['a task without containers', { TaskARN: ARN }, 'failed_no_json'],
    ['nothing, for too long', () => {}, 'failed_deadline'],
    ['more than is read', 'x'.repeat(9 * 1024 * 1024), 'failed_too_large'],
    ['a connection that breaks', (response) => response.destroy(), 'failed_cut_off'],
  ])('that answers %s is asked again, said once with a remedy', async (name, answer, count) => {
    const answers: Answers = { '/v4/id/task': answer };
    const ecs = await start(answers, { isFargate: true, answerMs: name.startsWith('nothing') ? 20 : 5000 });
    await ecs.until(() => ecs.counted(count) >= 2);
    expect(ecs.collector.state()).toMatchObject({ status: 'failing', remedy: expect.stringMatching(/./) });
    expect(ecs.lines).toHaveLength(1);
    answers['/v4/id/task'] = FARGATE;
    await ecs.until(ecs.isRunning);
    expect(tagsOf(ecs, APP)).toEqual(FARGATE_CONTAINER);
  });

  it('that nothing names is explained', async () => {
    const ecs = await start({}, { taskUrls: [], agentUrls: [], isFargate: true });
    await ecs.until(() => ecs.collector.state().status === 'failing');
    expect(ecs.collector.state().remedy).toContain('ECS_CONTAINER_METADATA_URI_V4');
  });

  it('with 2,000 tasks and a label of 60 KiB costs only that label', async () => {
    const id = (n: number): string => n.toString(16).padStart(64, '0');
    const Tasks = Array.from({ length: 2000 }, (_, n) => ({
      ...{ Arn: `${REGION}:task/default/${n}`, Family: 'web', Version: '1', KnownStatus: 'RUNNING' },
      Containers: [{ DockerId: id(n), DockerName: `c${n}`, Name: 'c' }],
    }));
    const Labels = { 'com.shop.team': 'x'.repeat(60 * 1024) };
    const [container] = EC2_OWN.Containers;
    const own = { ...EC2_OWN, Containers: [{ ...container, Labels }] };
    const tasks = { Tasks: [...Tasks, { Arn: EC2_OWN.TaskARN, Containers: own.Containers }] };
    const answers = { '/v4/id/task': own, '/v1/metadata': AGENT, '/v1/tasks': tasks };
    const ecs = await start(answers, { pollMs: 60_000 });
    await ecs.until(ecs.isRunning);
    expect(ecs.store.entityCount).toBe(2001);
    expect(ecs.counted('tooLongTags')).toBe(1);
  });
});
