/**
 * Chooses the collectors by configuration and surroundings: those that are used, and for the others why they are not, which
 * the log says once when origins count.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Log } from '../../lib/log.ts';
import type { Collector } from '../../origin/collector.ts';
import { DockerCollector } from '../../origin/docker/docker-collector.ts';
import { EcsCollector } from '../../origin/ecs/ecs-collector.ts';
import { ApiCollector } from '../../origin/kubernetes/api-collector.ts';
import { KubeletCollector } from '../../origin/kubernetes/kubelet-collector.ts';
import { OffCollector } from '../../origin/off-collector.ts';
import type { TagStore } from '../../origin/tag-store.ts';
import { NameRules } from '../../origin/tags/names-as-tags.ts';

const DOCKER_SOCKET = '/var/run/docker.sock';
const ECS_V2 = 'http://169.254.170.2/v2/metadata';
const ECS_AGENT_PORT = 51_678;

export interface CollectorSurroundings {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: TagStore;
  readonly log: Log;
  /** A container is about to start, or was heard of. */
  readonly onContainer: (id: string) => void;
}

export function makeCollectors(around: CollectorSurroundings): Collector[] {
  const { config, log } = around;
  const all = [makeDocker(around), makeKubelet(around), makeApi(around), makeEcs(around)];
  const isWanted = config.dogstatsd_origin_detection || config.dogstatsd_origin_detection_client;
  for (const one of all)
    if (one instanceof OffCollector && isWanted && !one.isUnexpected)
      log.info({ collector: one.name, reason: one.reason }, 'a tag collector is not in use');
  return all;
}

function makeDocker({ config, env, log, store, onContainer }: CollectorSurroundings): Collector {
  const docker = dockerSocket(config, env);
  if ('reason' in docker) {
    if (docker.isUnexpected)
      log.warn({ collector: 'docker', reason: docker.reason }, 'not reading tags from Docker');
    return new OffCollector('docker', docker.reason, docker.isUnexpected);
  }
  return new DockerCollector({
    ...{ store, log, socketPath: docker.path, onContainer, clock: () => performance.now() },
    rules: containerRules(config, [config.docker_labels_as_tags], [config.docker_env_as_tags]),
    taskRules: taskRules(config),
    separators: config.tag_value_split_separator,
  });
}

function makeKubelet({ config, log, store }: CollectorSurroundings): Collector {
  if (config.kubelet_use_api_server) return new OffCollector('kubelet', 'kubelet_use_api_server is true');
  if (config.kubernetes_kubelet_host === '')
    return new OffCollector('kubelet', 'kubernetes_kubelet_host is not set');
  const tokenPath = config.kubelet_auth_token_path;
  return new KubeletCollector({
    ...{ store, log, clock: () => performance.now() },
    host: config.kubernetes_kubelet_host,
    httpsPort: config.kubernetes_https_kubelet_port,
    httpPort: config.kubernetes_http_kubelet_port,
    verifyTls: config.kubelet_tls_verify,
    caPath: config.kubelet_client_ca || join(dirname(tokenPath), 'ca.crt'),
    ...{ tokenPath, certPath: config.kubelet_client_crt, keyPath: config.kubelet_client_key },
    rules: podRules(config),
    separators: config.tag_value_split_separator,
  });
}

function makeApi({ config, env, log, store }: CollectorSurroundings): Collector {
  const api = apiServer(config, env);
  if ('reason' in api) {
    if (api.isUnexpected)
      log.warn({ collector: 'kubernetes_api', reason: api.reason }, 'not reading tags from the API server');
    return new OffCollector('kubernetes_api', api.reason, api.isUnexpected);
  }
  const tokenPath = config.kubelet_auth_token_path;
  return new ApiCollector({
    ...{ store, log, ...api, clock: () => performance.now() },
    verifyTls: config.kubernetes_apiserver_tls_verify,
    caPath: config.kubernetes_apiserver_ca_path || join(dirname(tokenPath), 'ca.crt'),
    ...{ tokenPath, certPath: '', keyPath: '' },
    rules: podRules(config),
    separators: config.tag_value_split_separator,
  });
}

function podRules(config: Config) {
  return {
    labels: new NameRules(config.kubernetes_pod_labels_as_tags),
    annotations: new NameRules(config.kubernetes_pod_annotations_as_tags),
    variables: new NameRules(config.container_env_as_tags),
  };
}

function makeEcs({ config, env, log, store }: CollectorSurroundings): Collector {
  const ecs = ecsEndpoints(config, env);
  if ('reason' in ecs) return new OffCollector('ecs', ecs.reason);
  return new EcsCollector({
    ...{ store, log, ...ecs, clock: () => performance.now() },
    collectsResourceTags: config.ecs_collect_resource_tags_ec2,
    rules: taskRules(config),
    containerRules: containerRules(config, [], []),
    separators: config.tag_value_split_separator,
  });
}

type NameMap = Readonly<Record<string, string>>;

function containerRules(config: Config, labels: readonly NameMap[], variables: readonly NameMap[]) {
  return {
    labels: new NameRules(config.container_labels_as_tags, ...labels),
    variables: new NameRules(config.container_env_as_tags, ...variables),
  };
}

function taskRules(config: Config) {
  return { hasClusterName: !config.disable_cluster_name_tag_key };
}

type DockerChoice = { readonly path: string } | { readonly reason: string; readonly isUnexpected: boolean };

/** Where Docker is read; by default only when origins count, and its socket is there. Exported for tests. */
export function dockerSocket(
  config: Pick<Config, 'origin' | 'dogstatsd_origin_detection' | 'dogstatsd_origin_detection_client'>,
  env: NodeJS.ProcessEnv,
  isThere: (path: string) => boolean = existsSync,
): DockerChoice {
  const { origin } = config;
  const isWanted = config.dogstatsd_origin_detection || config.dogstatsd_origin_detection_client;
  if (origin.docker === false) return { reason: 'origin.docker is false', isUnexpected: false };
  const host = env.DOCKER_HOST ?? '';
  const isForced = origin.docker === true;
  if (host !== '' && !host.startsWith('unix://'))
    return {
      reason: `DOCKER_HOST is ${withoutSecrets(host)}, and only a Unix socket is asked; set it to unix:// and the path`,
      isUnexpected: isForced || isWanted,
    };
  const path = host === '' ? DOCKER_SOCKET : host.slice('unix://'.length);
  if (isForced) return { path };
  if (!isWanted)
    return {
      reason: 'dogstatsd_origin_detection and dogstatsd_origin_detection_client are off',
      isUnexpected: false,
    };
  return isThere(path) ? { path } : { reason: `${path} does not exist`, isUnexpected: false };
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

type ApiChoice =
  | { readonly url: string; readonly node: string }
  | { readonly reason: string; readonly isUnexpected: boolean };

/** Where the API server of Kubernetes is. Exported for tests. */
export function apiServer(
  config: Pick<Config, 'kubelet_use_api_server' | 'kubernetes_kubelet_nodename'>,
  env: NodeJS.ProcessEnv,
): ApiChoice {
  if (!config.kubelet_use_api_server)
    return { reason: 'kubelet_use_api_server is false', isUnexpected: false };
  const off = (reason: string): ApiChoice => ({ reason, isUnexpected: true });
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === '') return off('KUBERNETES_SERVICE_HOST is not set, as it is in every pod');
  const node = config.kubernetes_kubelet_nodename;
  if (node === '') return off('kubernetes_kubelet_nodename is not set; give it spec.nodeName of the pod');
  return { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, node };
}

type EcsChoice =
  | { readonly taskUrls: string[]; readonly agentUrls: string[]; readonly isFargate: boolean }
  | { readonly reason: string };

/** Where ECS is read; by default only in its tasks, or where an agent is named. Exported for tests. */
export function ecsEndpoints(
  { origin, ecs_agent_url: agentUrl }: Pick<Config, 'origin' | 'ecs_agent_url'>,
  env: NodeJS.ProcessEnv,
  readRoutes: () => string = () => readFileSync('/proc/net/route', 'utf8'),
): EcsChoice {
  if (origin.ecs === false) return { reason: 'origin.ecs is false' };
  const bases = [env.ECS_CONTAINER_METADATA_URI_V4, env.ECS_CONTAINER_METADATA_URI];
  const taskUrls = bases.flatMap((url) =>
    url?.startsWith('http://') ? [`${url.replace(/\/+$/, '')}/task`] : [],
  );
  const platform = env.AWS_EXECUTION_ENV ?? '';
  const isTask = taskUrls.length > 0 || platform.startsWith('AWS_ECS');
  if (origin.ecs === 'auto' && !isTask && agentUrl === '')
    return { reason: 'this is no task of ECS, and ecs_agent_url is not set' };
  const isFargate = platform === 'AWS_ECS_FARGATE';
  if (isFargate && taskUrls.length === 0) taskUrls.push(ECS_V2);
  if (isFargate) return { taskUrls, agentUrls: [], isFargate };
  const hosts = ['localhost', defaultGateway(readRoutes)].filter((host) => host !== undefined);
  const agentUrls =
    agentUrl === ''
      ? hosts.map((host) => `http://${host}:${ECS_AGENT_PORT}`)
      : [agentUrl.replace(/\/+$/, '')];
  return { taskUrls, agentUrls, isFargate };
}

// eth0 00000000 010011AC 0003 …    destination 0.0.0.0, gateway 172.17.0.1 with its last byte first
function defaultGateway(readRoutes: () => string): string | undefined {
  let routes: string;
  try {
    routes = readRoutes();
  } catch {
    return undefined;
  }
  for (const line of routes.split('\n')) {
    const [, destination, gateway] = line.split(/\s+/);
    if (destination !== '00000000' || gateway === undefined || !/^[0-9A-F]{8}$/.test(gateway)) continue;
    if (gateway !== '00000000') return Buffer.from(gateway, 'hex').reverse().join('.');
  }
  return undefined;
}
