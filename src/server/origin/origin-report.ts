/**
 * Answers what is known of senders (GET /api/origins): everything, or what fits a process, a container, a pod or a tag.
 *
 * Thread  the control thread; a process is looked up in /proc, which takes some 20 µs.
 */
import type { Config } from '../../config/schema.ts';
import type {
  OriginCollector,
  OriginCounts,
  OriginEntity,
  OriginProcess,
  OriginReport,
} from '../../model/views/origin-report.ts';
import { CONTAINER } from '../../origin/entity.ts';
import type { ProcessAnswer, ProcessResolver } from '../../origin/process/process-resolver.ts';
import type { TagStore } from '../../origin/tag-store.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';

export const ENTITIES_SHOWN_MAX = 1000;

export interface OriginReportParts {
  readonly config: Pick<
    Config,
    | 'dogstatsd_origin_detection'
    | 'dogstatsd_origin_detection_client'
    | 'origin_detection_unified'
    | 'dogstatsd_tag_cardinality'
  >;
  readonly store: TagStore;
  readonly processes: Pick<ProcessResolver, 'resolve'>;
  readonly collectors: readonly OriginCollector[];
  readonly threads: readonly ShardCounters[];
  /** Whether system calls can be made: without them no socket says who sends. */
  readonly hasSystemCalls: boolean;
}

/** `of` is a pid, an id or a part of one, or a part of a tag; empty for everything. */
export function reportOrigins(parts: OriginReportParts, of: string, limit: number): OriginReport {
  const { config, store, collectors } = parts;
  const process = /^\d{1,10}$/.test(of) ? processReport(parts, Number(of)) : undefined;
  const isWanted = process === undefined ? of : process.entity;
  const found = process !== undefined && isWanted === '' ? [] : search(store, isWanted);
  const senders = countsOf(parts.threads);
  return {
    detection: {
      sockets: config.dogstatsd_origin_detection,
      client: config.dogstatsd_origin_detection_client,
      unified: config.origin_detection_unified,
      cardinality: config.dogstatsd_tag_cardinality,
    },
    ...{ collectors, senders, problems: problemsOf(parts, senders) },
    ...(process && { process }),
    total: found.length,
    omitted: Math.max(0, found.length - limit),
    entities: found.slice(0, limit).flatMap((entity) => entityOf(store, entity)),
    global: store.globalTags,
  };
}

function entityOf(store: TagStore, entity: string): OriginEntity[] {
  const view = store.view(entity);
  return view === undefined ? [] : [view];
}

/** The newest first. */
function search(store: TagStore, text: string): string[] {
  const all = [...store.entities()].reverse();
  if (text === '') return all;
  if (store.has(text)) return [text];
  const byId = all.filter((entity) => entity.includes(text));
  if (byId.length > 0) return byId;
  return all.filter((entity) => {
    const tags = store.view(entity)?.tags;
    return (
      tags !== undefined &&
      [...tags.low, ...tags.orchestrator, ...tags.high].some((tag) => tag.includes(text))
    );
  });
}

function processReport({ processes, store }: OriginReportParts, pid: number): OriginProcess {
  const answer = processes.resolve(pid);
  if (answer.kind !== 'container') return { pid, answer: wordsOf(answer), entity: '' };
  const entity = CONTAINER + answer.containerId;
  const known = store.has(entity) ? '' : ', of which no collector knows anything';
  return { pid, answer: `it runs in a container, by ${EVIDENCE[answer.by]}${known}`, entity };
}

const EVIDENCE = {
  pidfd: 'its descriptor',
  cgroup2: 'its line 0:: of /proc/PID/cgroup',
  memory: 'its line memory of /proc/PID/cgroup',
  systemd: 'its line name=systemd of /proc/PID/cgroup',
} as const;

function wordsOf(answer: Exclude<ProcessAnswer, { readonly kind: 'container' }>): string {
  if (answer.kind === 'host') return 'it runs on the host, in no container';
  switch (answer.reason) {
    case 'gone':
      return 'there is no such process here';
    case 'ended':
      return 'it has ended, and left its cgroups';
    case 'unreadable':
      return '/proc does not let this server read it; run it as root, or with CAP_SYS_PTRACE';
    case 'invisible':
      return 'it is in a pid namespace that is not seen here';
  }
}

function countsOf(threads: readonly ShardCounters[]): OriginCounts {
  const sum = (counter: Parameters<ShardCounters['get']>[0]): number =>
    threads.reduce((total, thread) => total + thread.get(counter), 0);
  return {
    packets: sum('originPackets'),
    errors: sum('originErrors'),
    invisible: sum('originInvisible'),
    truncated: sum('originTruncated'),
    passedDescriptors: sum('originPassedDescriptors'),
    waiting: sum('originWaitingMessages'),
    resolvedLate: sum('originResolvedLate'),
    gaveUp: sum('originGaveUp'),
    noRoom: sum('originNoRoom'),
  };
}

function problemsOf(
  { config, collectors, hasSystemCalls }: OriginReportParts,
  { errors, invisible, gaveUp, noRoom }: OriginCounts,
): { problem: string; remedy: string }[] {
  const isWanted = config.dogstatsd_origin_detection || config.dogstatsd_origin_detection_client;
  const problems: { problem: string; remedy: string }[] = [];
  const add = (problem: string, remedy: string): void => void problems.push({ problem, remedy });
  if (!isWanted)
    add(
      'no origin counts',
      'set dogstatsd_origin_detection for senders on Unix sockets, or dogstatsd_origin_detection_client for what clients say',
    );
  if (config.dogstatsd_origin_detection && !hasSystemCalls)
    add('no socket says who sends here', 'origin detection needs Linux and the koffi package');
  if (invisible > 0)
    add(
      `senders are in a pid namespace that is not seen here (${invisible} times)`,
      'run this server in the pid namespace of the host: --pid=host, or hostPID: true',
    );
  if (errors > invisible)
    add(
      `senders were gone when they were looked up, or may not be read (${errors - invisible} times)`,
      'use Linux 6.15 or later, which tells the cgroup of a process that has ended, or have clients name their container (c:); whippet origin PID says what is in the way of one that runs',
    );
  for (const { name, status, detail, remedy } of collectors) {
    if (status === 'failing') add(`${name}: ${detail}`, remedy);
    // It works, and could find more.
    else if (remedy !== '') add(`${name} does not see everything: ${detail}`, remedy);
  }
  if (isWanted && collectors.every(({ status }) => status === 'off'))
    add(
      'nobody knows the tags of containers',
      'mount the socket of Docker, run on Kubernetes or ECS, or list containers in a workloads file (docs/origin.md)',
    );
  if (gaveUp > 0)
    add(
      `${gaveUp} messages went on without tags: nobody knew their container within 1.5 s`,
      'see which collector should know it: whippet origin with the id of a container says what is known',
    );
  if (noRoom > 0)
    add(
      `${noRoom} messages did not wait for the tags of their container, because too many waited`,
      'look for a client that names containers that do not exist',
    );
  return problems;
}
