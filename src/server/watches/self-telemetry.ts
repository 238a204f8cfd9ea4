/**
 * All that the server tells of what became of the data: the ledger, what clients say, the log lines of losses and, with
 * `telemetry.dogstatsd`, series under the Agent's names.
 *
 *   ledger ─┬─▶ /metrics, GET /api/ledger, GET /api/clients
 *           ├─every second─▶ loss watch ─▶ log
 *           └─before a flush─▶ the Agent's names ─▶ sampler ─▶ outputs
 *   aggregates of a flush ─▶ what clients say of themselves
 *
 * Thread  the control thread.
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { TimeSampler } from '../../aggregate/sampler.ts';
import type { Log } from '../../lib/log.ts';
import type { Steps } from '../../lib/time/steps.ts';
import { bucketStartOf } from '../../model/bucket-start.ts';
import type { Aggregate } from '../../model/series.ts';
import { type Arrived, type ClientReport, ClientTelemetry } from '../../telemetry/client-telemetry.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import { LossWatch } from '../../telemetry/ledger/loss-watch.ts';
import { Ledger, type LedgerSources } from '../../telemetry/ledger/server-ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { AgentTelemetry, OWN_SHARD } from './agent-telemetry.ts';

const LOOK_MS = 1000;
/** Forwarding tells of its own losses (server/threads/packet-forwarding.ts). */
const TELLS_ITSELF = 'forward';

export interface SelfTelemetryOptions extends Omit<LedgerSources, 'ownValues'> {
  readonly log: Log;
  readonly registry: Registry;
  readonly sampler: TimeSampler;
  /** Width of the buckets that threads seal, seconds. */
  readonly tickSeconds: number;
  /** `telemetry.dogstatsd`. */
  readonly agentNames: boolean;
}

export class SelfTelemetry {
  private readonly options: SelfTelemetryOptions;
  private readonly ledger: Ledger;
  private readonly clients = new ClientTelemetry();
  private readonly losses: LossWatch;
  private agent: AgentTelemetry | undefined;
  private ownValues = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: SelfTelemetryOptions) {
    this.options = options;
    this.losses = new LossWatch(options.log);
    this.ledger = new Ledger({ ...options, ownValues: () => this.ownValues });
  }

  start(): void {
    this.timer = setInterval(() => this.lookForLosses(), LOOK_MS);
    this.timer.unref();
  }

  /** To be called before the sockets are closed: what the kernel says then is the last word. */
  closeListeners(): void {
    this.ledger.closeListeners();
  }

  /** Ends its watching, when the start has failed. */
  cancel(): void {
    clearInterval(this.timer);
  }

  /** The last word, when everything has stopped. */
  stop(): void {
    this.cancel();
    const report = this.ledger.report();
    this.losses.close(toldHere(report), report.at * 1000);
    this.ledger.logEnd(this.options.log);
  }

  /** Before a flush at `at`, Unix seconds: puts what was counted among the data, when that is wanted. */
  *beforeFlush(at: number, final: boolean): Steps {
    const { agentNames, registry, sampler, tickSeconds } = this.options;
    if (!agentNames) return;
    this.agent ??= new AgentTelemetry(registry, sampler.slotsOf(OWN_SHARD));
    // A flush takes what has closed, so this belongs to the bucket before; at the end there is none after.
    const start = bucketStartOf(at, tickSeconds) - (final ? 0 : tickSeconds);
    const sources = { report: this.ledger.report(), threads: this.options.threads() };
    const bucket = this.agent.bucket(start, at, sources);
    this.ownValues += bucket.slots.length;
    yield* sampler.mergeSteps(OWN_SHARD, bucket);
  }

  /** Looks through the aggregates of a flush for what clients say, and hands them on. */
  watch(batches: Iterable<Aggregate[]>): Iterable<Aggregate[]> {
    return this.clients.watch(batches);
  }

  metrics(): OwnMetric[] {
    return [...this.ledger.metrics(), ...this.clients.metrics(this.clientReport())];
  }

  report(): LedgerReport {
    return this.ledger.report();
  }

  clientReport(): ClientReport {
    return this.clients.report(arrivedIn(this.ledger.report()));
  }

  private lookForLosses(): void {
    const report = this.ledger.report();
    this.losses.look(toldHere(report), report.at * 1000);
  }
}

function toldHere({ losses }: LedgerReport): LedgerReport['losses'] {
  return losses.filter(({ stage }) => stage !== TELLS_ITSELF);
}

function arrivedIn({ totals, listeners }: LedgerReport): Arrived[] {
  return totals
    .filter(({ stage, unit }) => stage === 'listener' && unit === 'packets')
    .map(({ name, received }) => {
      const kernel = listeners.find(({ listener }) => listener === name)?.kernel;
      return { listener: name, received, kernelDropped: kernel?.droppedPackets ?? 0 };
    });
}
