/**
 * What the server knows of workloads: the tag store, its collectors, and the threads that are told of every change.
 *
 *   workloads file, Docker ─▶ store ─change─▶ gathered for GATHER_MS ─▶ listener threads
 *
 * Thread  the control thread.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Workloads, WorkloadsChange } from '../../enrich/tags/tag-table.ts';
import type { Log } from '../../lib/log.ts';
import { usableLibc } from '../../listeners/sockets/open-listeners.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { OriginReport } from '../../model/origin-report.ts';
import type { Collector, CollectorState } from '../../origin/collector.ts';
import { DockerCollector } from '../../origin/docker/docker-collector.ts';
import { CONTAINER } from '../../origin/entity.ts';
import { KubeletCollector } from '../../origin/kubernetes/kubelet-collector.ts';
import { CgroupIndex, cgroupRoots } from '../../origin/process/cgroup-index.ts';
import { parseMounts } from '../../origin/process/cgroup-text.ts';
import { ProcessResolver } from '../../origin/process/process-resolver.ts';
import { StaticCollector } from '../../origin/static/static-collector.ts';
import { TagStore } from '../../origin/tag-store.ts';
import { NameRules } from '../../origin/tags/names-as-tags.ts';
import { reportOrigins } from './origin-report.ts';
import { cgroupRootOf, procRootOf } from './roots.ts';

const GATHER_MS = 10;
const EXPIRE_MS = 60_000;
/** Directories of containers that nobody announced are found by walks. */
const WALK_MS = 30_000;
/** The next walk is possible after this. */
const AGAIN_MS = 1050;
const DOCKER_SOCKET = '/var/run/docker.sock';

export interface OriginPartOptions {
  readonly config: Config;
  readonly workloads: Workloads;
  /** DOCKER_HOST says where the daemon is. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Takes a change to all threads. */
  readonly tell: (change: WorkloadsChange) => void;
}

export class OriginPart {
  readonly store = new TagStore({ clock: () => performance.now() });
  private readonly options: OriginPartOptions;
  private readonly file: StaticCollector;
  private readonly collectors: readonly Collector[];
  /** Answers people; each listener thread has its own. */
  private readonly processes: ProcessResolver;
  private index: CgroupIndex | undefined;
  private gathered: WorkloadsChange | undefined;
  private _snapshot: Workloads | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private gatherTimer: NodeJS.Timeout | undefined;

  constructor(options: OriginPartOptions) {
    this.options = options;
    this.processes = new ProcessResolver({
      ...{ procRoot: procRootOf(options.config), clock: () => performance.now(), cacheMax: 64 },
    });
    this.file = new StaticCollector(this.store, options.workloads, options.config.workloads);
    this.collectors = [this.file, ...this.makeDocker(), ...this.makeKubelet()];
    this.store.onChange((change) => this.gather(change));
  }

  /** Whether something can be asked about a container that is not known yet. */
  get canFind(): boolean {
    return this.collectors.some(({ find }) => find !== undefined);
  }

  /** Starts the collectors; nothing waits for them. */
  start(): void {
    this.timers.push(setInterval(() => this.store.expire(), EXPIRE_MS).unref());
    if (this.canFind || this.options.config.dogstatsd_origin_detection) this.startIndex();
    for (const collector of this.collectors) collector.start();
  }

  /**
   * Asks about something that a thread has met and that is not known (enrich/tags/awaited.ts). Resolves with false when
   * nobody knows it; what is found goes to all threads.
   */
  async find(key: string): Promise<boolean> {
    if (key.startsWith(CONTAINER)) {
      const id = key.slice(CONTAINER.length);
      await Promise.all(this.collectors.map((collector) => collector.find?.(id)));
      return this.store.has(key);
    }
    // A directory may be there only now: it is looked for until the thread gives up by itself.
    void this.index?.refresh().then(() => setTimeout(() => void this.index?.refresh(), AGAIN_MS).unref());
    return true;
  }

  private makeDocker(): Collector[] {
    const { config, env, log } = this.options;
    const docker = dockerSocket(config, env);
    if ('reason' in docker) {
      if (docker.isUnexpected)
        log.warn({ collector: 'docker', reason: docker.reason }, 'Docker is not read for tags');
      return [];
    }
    const rules = {
      labels: new NameRules(config.container_labels_as_tags, config.docker_labels_as_tags),
      variables: new NameRules(config.container_env_as_tags, config.docker_env_as_tags),
    };
    return [
      new DockerCollector({
        ...{ store: this.store, socketPath: docker.path, rules, log },
        separators: config.tag_value_split_separator,
        clock: () => performance.now(),
        onContainer: (id) => this.index?.expect(id),
      }),
    ];
  }

  private makeKubelet(): Collector[] {
    const { config, log } = this.options;
    if (config.kubernetes_kubelet_host === '') return [];
    const tokenPath = config.kubelet_auth_token_path;
    return [
      new KubeletCollector({
        ...{ store: this.store, log, clock: () => performance.now() },
        host: config.kubernetes_kubelet_host,
        httpsPort: config.kubernetes_https_kubelet_port,
        httpPort: config.kubernetes_http_kubelet_port,
        verifyTls: config.kubelet_tls_verify,
        caPath: config.kubelet_client_ca || join(dirname(tokenPath), 'ca.crt'),
        ...{ tokenPath, certPath: config.kubelet_client_crt, keyPath: config.kubelet_client_key },
        rules: {
          labels: new NameRules(config.kubernetes_pod_labels_as_tags),
          annotations: new NameRules(config.kubernetes_pod_annotations_as_tags),
          variables: new NameRules(config.container_env_as_tags),
        },
        separators: config.tag_value_split_separator,
      }),
    ];
  }

  /** Finds the directories of containers: which inodes and ids of cgroups are theirs. */
  private startIndex(): void {
    this.index = openIndex(this.options.config, this.store);
    if (this.index === undefined) return;
    void this.index.refresh();
    this.timers.push(setInterval(() => void this.index?.refresh(), WALK_MS).unref());
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.gatherTimer);
    this.index?.stop();
    await Promise.all(this.collectors.map((collector) => collector.stop()));
  }

  /** Takes the contents of the workloads file anew. */
  useFile(workloads: Workloads, path: string): void {
    this.file.use(workloads, path);
  }

  /** Everything that is known now; the same object until something changes. */
  snapshot(): Workloads {
    this._snapshot ??= this.store.snapshot();
    return this._snapshot;
  }

  states(): CollectorState[] {
    return this.collectors.map((collector) => collector.state());
  }

  /** What is known, for people: everything, or what fits `of`. */
  report(of: string, limit: number, threads: readonly ListenerThread[]): OriginReport {
    const counters = threads.flatMap((thread) => thread.counts()).map((one) => one.counters);
    return reportOrigins(
      {
        ...{ config: this.options.config, store: this.store, processes: this.processes },
        ...{ collectors: this.states(), threads: counters },
        hasSystemCalls: usableLibc({ portable: false }) !== undefined,
      },
      of,
      limit,
    );
  }

  /** A burst of changes, as a list of containers makes, is one message. */
  private gather(change: WorkloadsChange): void {
    this._snapshot = undefined;
    this.gathered = this.gathered === undefined ? change : joinChanges(this.gathered, change);
    this.gatherTimer ??= setTimeout(() => {
      this.gatherTimer = undefined;
      const gathered = this.gathered;
      this.gathered = undefined;
      if (gathered !== undefined) this.options.tell(gathered);
    }, GATHER_MS).unref();
  }
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

/** Undefined where the cgroup hierarchies are not seen: inodes that clients send are then unknown. */
function openIndex(config: Config, store: TagStore): CgroupIndex | undefined {
  try {
    const mounts = parseMounts(readFileSync(join(procRootOf(config), 'mounts'), 'utf8'));
    const roots = cgroupRoots(mounts, cgroupRootOf(config));
    return new CgroupIndex({ roots, writer: store.writer('docker'), clock: () => performance.now() });
  } catch {
    return undefined;
  }
}

function joinChanges(first: WorkloadsChange, second: WorkloadsChange): WorkloadsChange {
  return {
    ...first,
    ...second,
    entities: { ...first.entities, ...second.entities },
    inodes: { ...first.inodes, ...second.inodes },
    cgroups: { ...first.cgroups, ...second.cgroups },
    external: { ...first.external, ...second.external },
  };
}
