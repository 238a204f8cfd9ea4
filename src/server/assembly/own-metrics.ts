/**
 * The server's own metrics, collected from its parts: outputs that show them are made before most of the parts are, so
 * each part adds itself here when it is there.
 */
import type { OwnMetric } from '../../telemetry/metric.ts';

export class OwnMetrics {
  private readonly sources: (() => readonly OwnMetric[])[] = [];

  /** Sources are asked each time somebody reads the metrics, in this order. */
  add(...sources: readonly (() => readonly OwnMetric[])[]): void {
    this.sources.push(...sources);
  }

  read(): OwnMetric[] {
    return this.sources.flatMap((source) => source());
  }
}
