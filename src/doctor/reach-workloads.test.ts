import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkWorkloads } from './reach-workloads.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Something that answers everything with `status`. */
async function answering(status: number): Promise<number> {
  const server = createServer((_, response) => void response.writeHead(status).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

const KEYS = {
  ...{ kubernetes_kubelet_host: '', kubelet_use_api_server: false, kubernetes_kubelet_nodename: '' },
  ecs_agent_url: '',
};

describe('checkWorkloads', () => {
  it('skips what is not here', async () => {
    const found = await checkWorkloads(KEYS, {}, '/none/docker.sock');
    expect(found.map(({ subject, status }) => [subject, status])).toEqual([
      ['Docker', 'skipped'],
      ['kubelet', 'skipped'],
      ['ECS', 'skipped'],
    ]);
  });

  it.each<
    [string, Partial<typeof KEYS>, (port: number) => Record<string, string>, number, string, string, RegExp]
  >([
    [
      'a pod without tags',
      {},
      () => ({ KUBERNETES_SERVICE_HOST: 'x' }),
      200,
      'kubelet',
      'warn',
      /USE_API_SERVER/,
    ],
    [
      'an API server',
      { kubelet_use_api_server: true, kubernetes_kubelet_nodename: 'n' },
      (port) => ({ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) }),
      200,
      'API server',
      'ok',
      /answers/,
    ],
    [
      'an API server without the name of the node',
      { kubelet_use_api_server: true },
      () => ({ KUBERNETES_SERVICE_HOST: '127.0.0.1' }),
      200,
      'API server',
      'warn',
      /spec.nodeName/,
    ],
    [
      'an API server outside of pods',
      { kubelet_use_api_server: true },
      () => ({}),
      200,
      'API server',
      'warn',
      /not a pod/,
    ],
    [
      'a task',
      {},
      (port) => ({ ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${port}/v4/a` }),
      200,
      'ECS',
      'ok',
      /v4\/a\/task answers/,
    ],
    [
      'a task that is refused',
      {},
      (port) => ({ ECS_CONTAINER_METADATA_URI: `http://127.0.0.1:${port}/v3/a` }),
      403,
      'ECS',
      'warn',
      /403/,
    ],
    [
      'an address that is none',
      {},
      () => ({ ECS_CONTAINER_METADATA_URI: 'x' }),
      200,
      'ECS',
      'warn',
      /no URL/,
    ],
  ])('of %s says how it stands', async (_, keys, env, answer, subject, status, words) => {
    const found = await checkWorkloads(
      { ...KEYS, ...keys },
      env(await answering(answer)),
      '/none/docker.sock',
    );
    const one = found.find((each) => each.subject === subject);
    expect(one?.status).toBe(status);
    expect(`${one?.detail} ${one?.fix}`).toMatch(words);
  });

  it('of an agent of ECS says how it stands', async () => {
    const url = `http://127.0.0.1:${await answering(200)}/`;
    const found = await checkWorkloads({ ...KEYS, ecs_agent_url: url }, {}, '/none/docker.sock');
    expect(found[2]).toMatchObject({ status: 'ok', detail: `${url}v1/metadata answers` });
  });
});
