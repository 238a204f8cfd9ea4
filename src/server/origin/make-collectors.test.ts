import { describe, expect, it } from 'vitest';
import { apiServer, dockerSocket, ecsEndpoints } from './make-collectors.ts';

describe('Docker is read', () => {
  type Case = [
    string,
    'auto' | boolean,
    boolean,
    string | undefined,
    boolean,
    ReturnType<typeof dockerSocket>,
  ];
  const off = (reason: string, isUnexpected = false) => ({ reason, isUnexpected });
  const remote = (host: string) =>
    off(`DOCKER_HOST is ${host}, and only a Unix socket is asked; set it to unix:// and the path`, true);
  it.each<Case>([
    ['by default at its usual socket', 'auto', true, undefined, true, { path: '/var/run/docker.sock' }],
    ['where DOCKER_HOST says', 'auto', true, 'unix:///run/d.sock', true, { path: '/run/d.sock' }],
    ['never when it is off', false, true, undefined, true, off('origin.docker is false')],
    [
      'not while no origin counts',
      'auto',
      false,
      undefined,
      true,
      off('dogstatsd_origin_detection and dogstatsd_origin_detection_client are off'),
    ],
    ['not without a socket', 'auto', true, undefined, false, off('/var/run/docker.sock does not exist')],
    ['without a socket yet when it is on', true, false, undefined, false, { path: '/var/run/docker.sock' }],
    ['not over TCP', 'auto', true, 'tcp://user:secret@d:2375', true, remote('tcp://d:2375')],
  ])('%s', (_, docker, client, host, isThere, choice) => {
    const env = host === undefined ? {} : { DOCKER_HOST: host };
    const both = { dogstatsd_origin_detection: false, dogstatsd_origin_detection_client: client };
    const config = { origin: { docker, ecs: false }, ...both };
    expect(dockerSocket(config, env, () => isThere)).toEqual(choice);
    // Either key is enough.
    const other = { ...config, dogstatsd_origin_detection: client, dogstatsd_origin_detection_client: false };
    expect(dockerSocket(other, env, () => isThere)).toEqual(choice);
  });
});

describe('ECS is read', () => {
  const V4 = 'http://169.254.170.2/v4/a';
  const FARGATE = { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' };
  const local = 'http://localhost:51678';
  const gateway =
    'Iface Destination Gateway Flags\neth0 000011AC 00000000 0001\neth0 00000000 010011AC 0003\n';
  type Case = [string, 'auto' | boolean, string, Record<string, string>, ReturnType<typeof ecsEndpoints>];
  it.each<Case>([
    [
      'not outside of tasks',
      'auto',
      '',
      {},
      { reason: 'this is no task of ECS, and ecs_agent_url is not set' },
    ],
    ['never when it is off', false, 'http://a', FARGATE, { reason: 'origin.ecs is false' }],
    [
      'on Fargate by the newest endpoint first',
      'auto',
      '',
      { ...FARGATE, ECS_CONTAINER_METADATA_URI_V4: V4, ECS_CONTAINER_METADATA_URI: 'http://b/v3/a/' },
      { taskUrls: [`${V4}/task`, 'http://b/v3/a/task'], agentUrls: [], isFargate: true },
    ],
    [
      'on an old Fargate by v2',
      'auto',
      '',
      FARGATE,
      { taskUrls: ['http://169.254.170.2/v2/metadata'], agentUrls: [], isFargate: true },
    ],
    [
      'in a task of an instance',
      'auto',
      '',
      { ECS_CONTAINER_METADATA_URI_V4: V4 },
      { taskUrls: [`${V4}/task`], agentUrls: [local, 'http://172.17.0.1:51678'], isFargate: false },
    ],
    [
      'beside an agent that is named',
      'auto',
      'http://10.0.0.5:51678/',
      {},
      { taskUrls: [], agentUrls: ['http://10.0.0.5:51678'], isFargate: false },
    ],
    [
      'on an instance when it is on',
      true,
      '',
      { ECS_CONTAINER_METADATA_URI_V4: 'ftp://x' },
      { taskUrls: [], agentUrls: [local, 'http://172.17.0.1:51678'], isFargate: false },
    ],
  ])('%s', (_, ecs, url, env, want) => {
    const config = { origin: { docker: false, ecs }, ecs_agent_url: url };
    expect(ecsEndpoints(config, env, () => gateway)).toEqual(want);
  });
});

describe('the API server of Kubernetes is read', () => {
  const POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };
  it.each<[string, boolean, string, Record<string, string>, ReturnType<typeof apiServer>]>([
    ['not by default', false, 'n', POD, { reason: 'kubelet_use_api_server is false', isUnexpected: false }],
    ['where the pod says', true, 'n', POD, { url: 'https://10.0.0.1:6443', node: 'n' }],
    [
      'over IPv6',
      true,
      'n',
      { KUBERNETES_SERVICE_HOST: 'fd00::1' },
      { url: 'https://[fd00::1]:443', node: 'n' },
    ],
    [
      'not outside of a pod',
      true,
      'n',
      {},
      { reason: 'KUBERNETES_SERVICE_HOST is not set, as it is in every pod', isUnexpected: true },
    ],
    [
      'not without the name of the node',
      true,
      '',
      POD,
      {
        reason: 'kubernetes_kubelet_nodename is not set; give it spec.nodeName of the pod',
        isUnexpected: true,
      },
    ],
  ])('%s', (_, isOn, node, env, want) => {
    const config = { kubelet_use_api_server: isOn, kubernetes_kubelet_nodename: node };
    expect(apiServer(config, env)).toEqual(want);
  });
});
