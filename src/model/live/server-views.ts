/**
 * Views of the server as a whole: what a reload would change (GET /api/config/diff), what dropping a tag key would save
 * (GET /api/cardinality/without), the older views that the page shows, and the Agent's JSON (GET /agent/dogstatsd-
 * stats).
 *
 * Plain data that crosses HTTP as JSON, for the page (ui/), `whippet top` and `whippet tail`. Times are Unix seconds, with a fraction
 * where it matters; `null` means "not known", never 0. Text is decoded for people: it is untrusted and may hold control characters.
 */
import type { TagKeyReport } from '../views/cardinality-report.ts';
import type { LossView, StreamTick } from './stream-views.ts';

/** What a reload of the configuration would do now. */
export interface ConfigDiff {
  /** False: the new configuration is invalid; `problems` say why and nothing would change. */
  readonly valid: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly changes: readonly ConfigChange[];
}

export interface ConfigChange {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly beforeSource: string;
  readonly afterSource: string;
  /** A reload does not take it: it needs a restart. */
  readonly needsRestart: boolean;
}

/** `GET /api/cardinality/without?metric&key`: a dry run. */
export interface WithoutAnswer {
  readonly metric: string;
  readonly key: string;
  /** Contexts of the metric now, and with the tag key dropped. */
  readonly contexts: { readonly before: number; readonly after: number };
  readonly all: { readonly before: number; readonly after: number };
  /** Contexts that were looked at; fewer than `before` when only a sample was, and `after` is then an estimate. */
  readonly lookedAt: number;
  /** Relative standard error of `after`: 0 when exact. */
  readonly error: number;
  /** Distinct values of every tag key, most first. */
  readonly tagKeys: readonly TagKeyReport[];
  /** The rule to paste into the configuration (YAML). */
  readonly rule: string;
}

/** `GET /api/status`. */
export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly node: string;
  readonly started_at: string;
  readonly uptime_seconds: number;
  readonly listeners: readonly { readonly kind: string; readonly name: string; readonly port: number }[];
  readonly threads: readonly string[];
  readonly contexts: number;
  readonly flushes: number;
  readonly bucket_seconds: number;
  readonly health: HealthView;
}

/** `GET /health`. */
export interface HealthView {
  readonly healthy: boolean;
  readonly parts: readonly {
    readonly name: string;
    readonly healthy: boolean;
    readonly optional?: boolean;
    readonly detail?: string;
  }[];
}

/** `GET /api/config`: by the path of the key. */
export type ConfigViewOf = Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;

type CountsOf = Readonly<Record<string, number>>;

/** `GET /api/ledger`. Units: packets, messages, values, records, items, payloads. */
export interface LedgerView {
  readonly at: number;
  readonly startedAt: number;
  readonly balanced: boolean;
  /** What became of everything at one stage: `listener`, `dispatch`, `aggregate`, `output` … */
  readonly totals: readonly {
    readonly stage: string;
    readonly name: string;
    readonly unit: string;
    readonly received: number;
    readonly accepted: CountsOf;
    readonly rejected: CountsOf;
    readonly filtered: CountsOf;
    readonly dropped: CountsOf;
    readonly held: CountsOf;
    readonly imbalance: number;
  }[];
  readonly listeners: readonly {
    readonly listener: string;
    readonly addresses: readonly string[];
    readonly kernel?: {
      readonly droppedPackets: number;
      readonly queuedBytes: number;
      readonly limitBytes: number;
    };
    readonly receivedBytes: number;
    readonly truncatedPackets: number;
    readonly receiveErrors: number;
    readonly backlog: {
      readonly packets: number;
      readonly bytes: number;
      readonly messages: number;
      readonly oldestSeconds: number;
      readonly packetsTotal: number;
      readonly fullTotal: number;
    };
  }[];
  readonly notListening: StreamTick['notListening'];
  readonly losses: readonly Omit<LossView, 'lastAt'>[];
}

/** `GET /api/clients`. */
export interface ClientsView {
  readonly clients: readonly {
    readonly client: string;
    readonly version: string;
    readonly transport: string;
    readonly lastAt: number;
    /** `metrics`, `packets_sent`, `packets_dropped`, `bytes_sent` … */
    readonly counts: CountsOf;
    readonly metricsByType: CountsOf;
  }[];
  readonly transports: readonly {
    readonly transport: string;
    readonly listeners: readonly string[];
    readonly clientsSent: number;
    readonly clientsDropped: number;
    readonly received: number;
    readonly kernelDropped: number;
    readonly missing: number;
  }[];
}

/** `GET /api/cardinality`. */
export interface CardinalityView {
  readonly limits: Readonly<Record<string, number | boolean>>;
  readonly contexts: number;
  readonly overflowSeries: number;
  readonly largest: readonly { readonly metric: string; readonly contexts: number }[];
  readonly samplesOver: CountsOf;
  readonly reports: readonly {
    readonly limit: string;
    readonly key: string;
    readonly configured: number;
    readonly metric: string;
    readonly active: boolean;
    readonly dryRun: boolean;
    readonly since: number;
    readonly until: number | null;
    readonly samples: number;
    readonly contexts: number;
    readonly tagKeys: readonly TagKeyReport[];
  }[];
}

/** `GET /agent/dogstatsd-stats`: the Agent's shape. Keys are 64-bit decimals as strings. */
export type AgentStats = Readonly<
  Record<
    string,
    { readonly name: string; readonly tags: string; readonly count: number; readonly last_seen: string }
  >
>;
