/** What `GET /api/status` answers: what runs. */
import type { HealthReport } from '../http/health-report.ts';

export interface StatusFacts {
  readonly version: string;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly now: number;
  readonly listeners: readonly { readonly kind: string; readonly name: string; readonly port: number }[];
  /** The kind of each intake thread's listener. */
  readonly threads: readonly string[];
  readonly contexts: number;
  readonly flushes: number;
  readonly bucketSeconds: number;
  readonly health: HealthReport;
}

export function viewStatus(facts: StatusFacts): object {
  return {
    version: facts.version,
    pid: process.pid,
    node: process.version,
    started_at: new Date(facts.startedAt * 1000).toISOString(),
    uptime_seconds: Math.round(facts.now - facts.startedAt),
    listeners: facts.listeners.map(({ kind, name, port }) => ({ kind, name, port })),
    threads: facts.threads,
    contexts: facts.contexts,
    flushes: facts.flushes,
    bucket_seconds: facts.bucketSeconds,
    health: facts.health,
  };
}
