/**
 * Whether those answer who know the tags of workloads: Docker, the kubelet or the API server of Kubernetes, ECS. Each that this
 * server would ask is asked once, with a deadline; nothing of an answer is shown.
 */
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Config } from '../config/schema.ts';
import type { Finding } from './finding.ts';
import { finding } from './machine.ts';

const DEADLINE_MS = 3000;
const DOCKER_SOCKET = '/var/run/docker.sock';
const KUBELET_PORT = 10_250;

type Environment = Readonly<Record<string, string | undefined>>;
type WorkloadKeys = Pick<
  Config,
  'kubernetes_kubelet_host' | 'kubelet_use_api_server' | 'kubernetes_kubelet_nodename' | 'ecs_agent_url'
>;

export async function checkWorkloads(
  config: WorkloadKeys,
  env: Environment,
  dockerSocket = DOCKER_SOCKET,
): Promise<Finding[]> {
  const kubernetes = config.kubelet_use_api_server ? checkApiServer(config, env) : checkKubelet(config, env);
  return await Promise.all([checkDocker(dockerSocket), kubernetes, checkEcs(config, env)]);
}

async function checkDocker(path: string): Promise<Finding> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return finding('workloads', 'Docker', 'skipped', `there is no ${path}`);
  const answer = await ask({ socketPath: path, path: '/_ping' });
  if (answer === 200) return finding('workloads', 'Docker', 'ok', `answers at ${path}`);
  const fix = 'add the user to the group of the socket, or mount it into the container';
  return finding('workloads', 'Docker', 'warn', `${path}: ${answer}`, fix);
}

async function checkKubelet(
  { kubernetes_kubelet_host: host }: WorkloadKeys,
  env: Environment,
): Promise<Finding> {
  if (host === '')
    return (env.KUBERNETES_SERVICE_HOST ?? '') !== ''
      ? finding(
          'workloads',
          'kubelet',
          'warn',
          'this is a pod and DD_KUBERNETES_KUBELET_HOST is not set',
          'set it from status.hostIP (downward API), or DD_KUBELET_USE_API_SERVER',
        )
      : finding('workloads', 'kubelet', 'skipped', 'this is not a pod');
  const problem = await dial(host, KUBELET_PORT);
  if (problem === undefined) return finding('workloads', 'kubelet', 'ok', `${host}:${KUBELET_PORT} answers`);
  return finding('workloads', 'kubelet', 'warn', `${host}:${KUBELET_PORT}: ${problem}`);
}

async function checkApiServer(
  { kubernetes_kubelet_nodename: node }: WorkloadKeys,
  { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' }: Environment,
): Promise<Finding> {
  const warn = (detail: string, fix?: string): Finding =>
    finding('workloads', 'API server', 'warn', detail, ...(fix === undefined ? [] : [fix]));
  if (host === '') return warn('kubelet_use_api_server is set, and this is not a pod');
  if (node === '')
    return warn('kubernetes_kubelet_nodename is not set', 'set it from spec.nodeName (downward API)');
  const problem = await dial(host, Number(port));
  if (problem !== undefined) return warn(`${host}:${port}: ${problem}`);
  return finding('workloads', 'API server', 'ok', `${host}:${port} answers`);
}

async function checkEcs({ ecs_agent_url: agent }: WorkloadKeys, env: Environment): Promise<Finding> {
  const task = env.ECS_CONTAINER_METADATA_URI_V4 ?? env.ECS_CONTAINER_METADATA_URI ?? '';
  if (task === '' && agent === '') return finding('workloads', 'ECS', 'skipped', 'this is no task of ECS');
  const url = task === '' ? `${agent.replace(/\/+$/, '')}/v1/metadata` : `${task}/task`;
  if (!URL.canParse(url)) return finding('workloads', 'ECS', 'warn', `${url} is no URL`);
  const answer = await ask(url);
  if (answer === 200) return finding('workloads', 'ECS', 'ok', `${url} answers`);
  const fix = 'let the server reach the metadata of tasks (docs/origin.md, ECS)';
  return finding('workloads', 'ECS', 'warn', `${url}: ${answer}`, fix);
}

/** The status of the answer, or why there is none. */
function ask(
  where: string | { readonly socketPath: string; readonly path: string },
): Promise<number | string> {
  return new Promise((resolve) => {
    const timeout = { timeout: DEADLINE_MS };
    const asked =
      typeof where === 'string' ? request(new URL(where), timeout) : request({ ...where, ...timeout });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 'no answer');
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

function dial(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: DEADLINE_MS });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.on('connect', () => end(undefined));
    socket.on('timeout', () => end('no answer in time'));
    socket.on('error', (error) => end(error.message));
  });
}
