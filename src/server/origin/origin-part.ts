/**
 * What the server knows of workloads: the tag store, its collectors, and the threads that are told of every change.
 *
 *   workloads file, collectors ─▶ store ─change─▶ gathered for GATHER_MS ─▶ listener threads
 *
 * Thread  the control thread.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Workloads, WorkloadsChange } from '../../enrich/tags/tag-table.ts';
import type { Log } from '../../lib/log.ts';
import { usableLibc } from '../../listeners/sockets/open-listeners.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { ReplaySenders } from '../../model/replay-senders.ts';
import type { OriginReport } from '../../model/views/origin-report.ts';
import type { Collector, CollectorState } from '../../origin/collector.ts';
import { CONTAINER } from '../../origin/entity.ts';
import { CgroupIndex, cgroupRoots } from '../../origin/process/cgroup-index.ts';
import { parseMounts } from '../../origin/process/cgroup-text.ts';
import { ProcessResolver } from '../../origin/process/process-resolver.ts';
import { StaticCollector } from '../../origin/static/static-collector.ts';
import { TagStore } from '../../origin/tag-store.ts';
import { makeCollectors } from './make-collectors.ts';
import { reportOrigins } from './origin-report.ts';
import { ReplaySessions } from './replay-sessions.ts';
import { cgroupRootOf, procRootOf } from './roots.ts';

const GATHER_MS = 10;
const EXPIRE_MS = 60_000;
/** Directories of containers that nobody announced are found by walks. */
const WALK_MS = 30_000;
/** The next walk is possible after this. */
const AGAIN_MS = 1050;

export interface OriginPartOptions {
  readonly config: Config;
  readonly workloads: Workloads;
  /** DOCKER_HOST says where the daemon is. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Takes a change to all threads. */
  readonly tell: (change: WorkloadsChange) => void;
  /** Takes the senders of a replay to all threads, or its end. */
  readonly tellReplay: (replay: ReplaySenders | undefined) => void;
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
  readonly replays: ReplaySessions;
  private readonly timers: NodeJS.Timeout[] = [];
  private gatherTimer: NodeJS.Timeout | undefined;

  constructor(options: OriginPartOptions) {
    this.options = options;
    this.processes = new ProcessResolver({
      ...{ procRoot: procRootOf(options.config), clock: () => performance.now(), cacheMax: 64 },
    });
    this.file = new StaticCollector(this.store, options.workloads, options.config.workloads);
    const { config, env, log } = options;
    const { store } = this;
    const onContainer = (id: string): void => this.index?.expect(id);
    this.collectors = [this.file, ...makeCollectors({ config, env, log, store, onContainer })];
    this.store.onChange((change) => this.gather(change));
    this.replays = new ReplaySessions({
      ...{ store, log, isOn: config.dogstatsd_origin_detection },
      tell: (replay) => {
        // The tags of the senders come first.
        this.publish();
        options.tellReplay(replay);
      },
    });
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
    this.gatherTimer ??= setTimeout(() => this.publish(), GATHER_MS).unref();
  }

  private publish(): void {
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    const gathered = this.gathered;
    this.gathered = undefined;
    if (gathered !== undefined) this.options.tell(gathered);
  }
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
