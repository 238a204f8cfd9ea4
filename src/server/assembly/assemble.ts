/**
 * Puts a server together, from the bottom up: each part is made after the parts it needs and is whole from then on.
 *
 *   tables ─▶ sockets ─▶ outputs ─▶ fleet ─▶ sampler ─▶ telemetry ─▶ live views ─▶ messages ─▶ threads ─▶ flushes, HTTP
 *
 * What has to be opened to be made (sockets, files of outputs, the fleet's log) is open afterwards. Nothing runs yet:
 * threads, timers and HTTP are the start's (server.ts).
 *
 * Thread  the control thread.
 * Failure rejects with the error of the part that could not be opened; the caller undoes the rest.
 */
import { randomInt } from 'node:crypto';
import { aggregateMetrics } from '../../aggregate/aggregate-metrics.ts';
import { dialectsOf } from '../../config/checks/dialects-of.ts';
import { coreMetrics } from '../../core/core-metrics.ts';
import { Ticker } from '../../lib/time/ticker.ts';
import { EchoPrinter } from '../../outputs/echo.ts';
import { FanOut } from '../../outputs/fan-out.ts';
import { CORE_COUNTERS } from '../../telemetry/counters/core-counters.ts';
import { makeHttpCounts } from '../../telemetry/counters/http-counters.ts';
import { shardMetrics } from '../../telemetry/counters/shard-metrics.ts';
import { streamMetrics } from '../../telemetry/counters/stream-metrics.ts';
import { ListenerWatch } from '../../telemetry/ledger/listener-stats.ts';
import { CaptureService } from '../capture/capture-service.ts';
import { CaptureTriggers, triggerCounts } from '../capture/capture-triggers.ts';
import { CurrentConfig } from '../current-config.ts';
import { deliverBetweenFlushes, Flusher } from '../flush/flusher.ts';
import { GlobalPart, openFleet } from '../global/global-part.ts';
import { ServerHealth } from '../health.ts';
import { LiveApi } from '../live/live-api.ts';
import { LiveStatistics } from '../live/live-statistics.ts';
import { Lookers } from '../live/lookers.ts';
import { OpenLook } from '../live/open-look.ts';
import { makeSampler, SamplerRules, tickSecondsUnder } from '../make-sampler.ts';
import { OriginPart } from '../origin/origin-part.ts';
import { openOutputs } from '../outputs/open-outputs.ts';
import type { ServerOptions } from '../server-options.ts';
import { Supervisor } from '../supervisor.ts';
import { Inbox } from '../threads/inbox.ts';
import { ListenerParts } from '../threads/listener-parts.ts';
import { ListenerThreads } from '../threads/listener-threads.ts';
import { Listening } from '../threads/listening.ts';
import { Merging } from '../threads/merging.ts';
import { MessageRouter } from '../threads/message-router.ts';
import { MessageWatchers } from '../threads/message-watchers.ts';
import { ProxiedPackets } from '../threads/proxied-packets.ts';
import { StreamWatch } from '../threads/stream-watch.ts';
import { sharedSettings } from '../threads/thread-settings.ts';
import { ThreadStarter } from '../threads/thread-starter.ts';
import { HttpServers } from '../views/http-servers.ts';
import { makeApiSource } from '../views/make-api-source.ts';
import { serverViews } from '../views/server-views.ts';
import { CardinalityWatch } from '../watches/cardinality-watch.ts';
import { rejectedLog } from '../watches/log-rejected.ts';
import { RejectedFold } from '../watches/rejected-fold.ts';
import { SelfTelemetry } from '../watches/self-telemetry.ts';
import { UnknownFieldWatch } from '../watches/unknown-field-watch.ts';
import { makeRegistry } from './make-registry.ts';
import { OwnMetrics } from './own-metrics.ts';
import type { Undo } from './undo.ts';

/** How long a flush waits for listener threads that are behind, ms. */
const FLUSH_GRACE_MS = 2000;
/** The longest packet that comes over HTTP. */
const PROXY_PACKET_BYTES_MAX = 65_536;

/** The parts that start, stop and reload have to do with. */
export type ServerParts = Awaited<ReturnType<typeof assemble>>;

export async function assemble(options: ServerOptions, undo: Undo) {
  const { config, log, version, env = {} } = options;
  const startedAt = clock();
  const tickSeconds = tickSecondsUnder(config);
  const current = new CurrentConfig({ ...options, view: options.configView }, tickSeconds);
  const rules = new SamplerRules(config);

  // Tables, and lists that fill while the server runs.
  const registry = makeRegistry(config);
  const threads = new ListenerThreads();
  const inbox = new Inbox();
  const ownMetrics = new OwnMetrics();
  const httpCounts = makeHttpCounts();
  const cardinality = new CardinalityWatch(config.limits, registry, log);
  const unknownFields = new UnknownFieldWatch(log);
  const streams = new StreamWatch(log);
  const origins = new OriginPart({
    ...{ config, workloads: options.workloads, env, log },
    tell: (change) => {
      for (const thread of threads.list) thread.learn(change);
    },
    tellReplay: (replay) => {
      for (const thread of threads.list) thread.useReplay(replay);
    },
  });
  undo.add(() => origins.stop());

  // Sockets.
  const listening = new Listening(config, env, log);
  const supervisor = new Supervisor({
    ...{ env, pid: process.pid, log },
    heartbeats: () => threads.heartbeats(),
  });
  undo.add(() => supervisor.close());
  undo.add(() => listening.close());
  await listening.open();
  const listenerWatch = new ListenerWatch(listening.listeners);
  const listenerParts = await ListenerParts.open(config, listening.listeners, threads, log);
  undo.add(() => listenerParts.stop());

  // Outputs, and the fleet's log.
  const outputs = new FanOut(
    await openOutputs(config, {
      ...{ own: options.ownOutputs ?? [], log, stream: options.stream },
      context: (id) => registry.context(id),
      exposureOf: ({ name, type }) => rules.ruleOf?.(name, type)?.exposure,
      ownMetrics: () => ownMetrics.read(),
      seeAll: config.http.port < 0 ? 'turn HTTP on for whippet top' : 'whippet top',
      sampleCount: () => threads.sum(({ core }) => core[CORE_COUNTERS.samples] as number),
    }),
    log,
  );
  undo.add(() => outputs.close(0));
  const ticker = new Ticker({
    ...{ intervalSeconds: tickSeconds, graceMs: FLUSH_GRACE_MS, clock },
    reached: () => threads.passed(),
  });
  undo.add(() => ticker.stop());
  const fleet = await openFleet(config, log);

  // From sealed buckets to aggregates.
  const bucketSeconds = config.bucket_seconds;
  const sampler = makeSampler(registry, config, rules, {
    retentionSeconds: outputs.retentionSeconds,
    onOverLimit: (id, limit, samples) => cardinality.count(id, limit, samples),
    ...(fleet?.edge && { onPartial: fleet.edge.onPartial }),
  });
  const global =
    fleet &&
    new GlobalPart(config, fleet, {
      ...{ logger: log, registry, ruleOf: () => rules.ruleOf, isFiltered: rules.isFiltered },
      deliver: (batches, isCurrent) =>
        deliverBetweenFlushes(batches, isCurrent, { ticker, outputs, sampler, bucketSeconds }),
      outputTotals: () => outputs.totals(),
    });
  undo.add(() => global?.stop(0));
  undo.add(() => global?.stopOwners());

  // What the server tells of itself.
  const self = new SelfTelemetry({
    ...{ log, registry, sampler, outputs, tickSeconds, clock },
    agentNames: config.telemetry.dogstatsd,
    threads: () => threads.counts(),
    ...{ listeners: listenerWatch, forwards: listenerParts.forwards, http: httpCounts },
    notListening: () => listening.notListening(),
    globalTotals: () => global?.totals() ?? [],
  });
  undo.add(() => self.cancel());
  const statistics = new LiveStatistics({
    ...{ registry, tickSeconds, clock, memoryBytes: config.history.memory_bytes },
    threads: () => threads.counts(),
    report: () => self.report(),
    passed: () => threads.passed(),
    seed: [randomInt(2 ** 32), randomInt(2 ** 32)],
  });
  undo.add(() => statistics.stop());
  const lookers = new Lookers({ ...{ statistics, inbox, clock }, threads: threads.list });
  const health = new ServerHealth([
    () => listening.health(),
    () => outputs.health(),
    () => global?.health() ?? [],
    () => options.watched?.() ?? [],
  ]);
  const live = new LiveApi({
    ...{ statistics, lookers, registry, current, version, tickSeconds, log, clock },
    tagger: () => origins.store.table,
    contextsMax: config.limits.contexts,
    clients: () => self.clientReport(),
    connections: async () => streams.connections(threads.list, config.listeners.connections_max),
    overLimit: () => cardinality.namesOver(),
    health: () => health.report(),
    outputs: () => outputs.status(),
    loadAgain: options.loadAgain,
  });
  const watchers = new MessageWatchers({
    ...{ threads: threads.list, clock },
    settings: () => live.walkSettings(),
  });
  const captures = new CaptureService({
    ...{ threads: threads.list, clock },
    ringBytes: config.capture.ring_bytes,
    bufferBytes: config.capture.buffer_bytes,
    copyBytesPerSecond: config.capture.copy_bytes_per_second,
    workloads: () => origins.snapshot(),
  });
  const triggers = new CaptureTriggers({
    ...{ service: captures, settings: config.capture, log, clock },
    counts: () => triggerCounts(threads.counts(), self.report()),
  });

  // Listener threads, and where their messages go.
  const merging = new Merging({
    ...{ inbox, registry, cardinality, sampler, statistics },
    threads: threads.list,
  });
  const isQuiet = config.dogstatsd_disable_verbose_logs;
  const router = new MessageRouter({
    ...{
      threads,
      inbox,
      merging,
      cardinality,
      statistics,
      outputs,
      watchers,
      streams,
      listening,
      captures,
      origins,
    },
    // Where a person reads the log, rejected lines are folded.
    rejected:
      options.stream.isTTY === true && !isQuiet
        ? new RejectedFold(options.stream, () => statistics.rejected.rows(clock(), 0, 1))
        : rejectedLog(log, isQuiet),
    echo: config.outputs.echo
      ? new EchoPrinter({ stream: options.stream, linesPerSecond: config.outputs.echo_per_second })
      : undefined,
  });
  const starter = new ThreadStarter({
    ...{ threads, unknownFields, router, inbox, ticker, onFatal: options.onFatal, spare: options.spare },
    settings: sharedSettings(config, origins.snapshot(), {
      ...listenerParts.settings,
      waitsForTags: origins.canFind,
    }),
    followers: [watchers, captures],
  });
  undo.add(() => threads.stop());
  const proxied = new ProxiedPackets(PROXY_PACKET_BYTES_MAX, httpCounts, (kind, own) =>
    starter.start(kind, { ...own, dialects: dialectsOf(config, 'http') }),
  );

  // Flushes, and what HTTP answers.
  const flusher = new Flusher({
    ...{ log, bucketSeconds, threads, ticker, inbox, registry, sampler, outputs, edge: fleet?.edge },
    ...{ merging, self, statistics, cardinality, unknownFields },
  });
  const openLook = new OpenLook({ lookers, inbox, sampler, isFlushing: () => flusher.isFlushing });
  const http = new HttpServers(config, log);
  undo.add(() => http.close());
  const views = serverViews({
    ...{ version, startedAt, current, threads, registry, listening, listenerParts, streams, cardinality },
    ...{ self, outputs, global, flusher, health },
  });
  const apiSource = makeApiSource({
    ...{ registry, views, live, watchers, captures, proxied, reload: options.onReload },
    flush: () => flusher.flushOpen(),
    origins: (of, limit) => origins.report(of, limit, threads.list),
    startReplay: (pid, state) => origins.replays.start(pid, state),
  });

  ownMetrics.add(
    () => self.metrics(),
    () => listening.metrics(),
    () => coreMetrics(threads.counts()),
    () => shardMetrics(threads.counts().map(({ counters }) => counters)),
    () => listenerParts.metrics(),
    () => streamMetrics(threads.counts()),
    () => captures.metrics(),
    () => aggregateMetrics(registry, sampler),
    () => cardinality.metrics(),
    () => statistics.ownMetrics(lookers.count),
    () => unknownFields.metrics(),
    () => global?.metrics() ?? [],
    () => flusher.metrics(),
    () => outputs.metrics(),
    () => http.metrics(),
  );

  return {
    ...{ current, rules, registry, threads, inbox, ticker, origins, listening, listenerParts, supervisor },
    ...{
      outputs,
      global,
      sampler,
      self,
      statistics,
      lookers,
      health,
      watchers,
      captures,
      triggers,
      cardinality,
    },
    ...{ streams, starter, proxied, flusher, openLook, http, apiSource, tickSeconds },
  };
}

/** Unix seconds with fraction. */
function clock(): number {
  return Date.now() / 1000;
}
