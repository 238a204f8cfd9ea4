/** Whether the server runs, and how its parts are: what GET /api/health answers. */
import type { HealthReport, PartHealth } from '../http/health-report.ts';

export class ServerHealth {
  /** From the end of the start to the beginning of the stop; the server sets it. */
  isRunning = false;
  private readonly sources: readonly (() => readonly PartHealth[])[];

  /** `sources` are asked for each report, in this order. */
  constructor(sources: readonly (() => readonly PartHealth[])[]) {
    this.sources = sources;
  }

  report(): HealthReport {
    const parts: PartHealth[] = [
      { name: 'listener', healthy: this.isRunning },
      ...this.sources.flatMap((source) => source()),
    ];
    return { healthy: parts.every(({ healthy, optional }) => healthy || optional === true), parts };
  }
}
