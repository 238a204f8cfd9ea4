/**
 * Gauges with times of their own, collected over one flush: a series is written once, its points in order of time.
 *
 * Limits  as many as the shards let through in one flush (docs/architecture.md); emptied by each flush.
 */
import type { Context } from '../../model/context.ts';

export interface TimedValue {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export class LateSamples {
  private readonly byId = new Map<
    number,
    { readonly context: Context; readonly values: Map<number, number> }
  >();

  /** The last value of a time wins. */
  add(context: Context, at: number, value: number): void {
    let entry = this.byId.get(context.id);
    if (entry === undefined) {
      entry = { context, values: new Map() };
      this.byId.set(context.id, entry);
    }
    entry.values.set(at, value);
  }

  forget(id: number): void {
    this.byId.delete(id);
  }

  drain(visit: (context: Context, points: readonly TimedValue[]) => void): void {
    for (const { context, values } of this.byId.values()) {
      const points = [...values].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at);
      visit(context, points);
    }
    this.byId.clear();
  }
}
