/** What `GET /api/status` answers: what runs. */
import type { HealthReport } from '../../http/health-report.ts';

export interface StatusStats {
  readonly version: string;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly now: number;
  readonly listeners: readonly { readonly kind: string; readonly name: string; readonly port: number }[];
  /** The kind of each listener thread's listener. */
  readonly threads: readonly string[];
  readonly contexts: number;
  readonly flushes: number;
  readonly bucketSeconds: number;
  readonly health: HealthReport;
}

export function viewStatus(stats: StatusStats): object {
  return {
    version: stats.version,
    pid: process.pid,
    node: process.version,
    started_at: new Date(stats.startedAt * 1000).toISOString(),
    uptime_seconds: Math.round(stats.now - stats.startedAt),
    listeners: stats.listeners.map(({ kind, name, port }) => ({ kind, name, port })),
    threads: stats.threads,
    contexts: stats.contexts,
    flushes: stats.flushes,
    bucket_seconds: stats.bucketSeconds,
    health: stats.health,
  };
}
