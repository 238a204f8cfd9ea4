/** Between aggregates and requests: what makes points, and where they go. Times in ms since 1970. */
import type { Context } from '../../model/context.ts';
import type { Aggregate } from '../../model/series.ts';
import type { FlushInfo } from '../output.ts';
import type { HistogramPoint } from './point-message.ts';

/** Takes the points of a flush into requests (otlp-output.ts). A start of 0 is none. */
export interface PointSink {
  /** A point of a gauge or a sum; undefined ends its series. */
  number(
    context: Context,
    shape: 'gauge' | 'sum',
    startAt: number,
    at: number,
    value: number | undefined,
  ): void;
  /** A point of a histogram; undefined ends its series. */
  histogram(context: Context, startAt: number, at: number, point: HistogramPoint | undefined): void;
  /** A point with a time of its own: a receiver may find it too late, so it goes by itself. */
  late(context: Context, shape: 'gauge' | 'sum', startAt: number, at: number, value: number): void;
}

/** Makes points of aggregates: delta-points.ts, cumulative-points.ts. */
export interface PointMaker {
  /** A flush begins, at `flushAt`. */
  begin(flushAt: number): void;
  /** Why an aggregate was refused; undefined when all of it was taken. */
  write(aggregate: Aggregate): string | undefined;
  end(flush: FlushInfo): void;
  forget(ids: readonly number[]): void;
}

export interface HistogramSettings {
  /** -4 to 6. */
  readonly scale: number;
  /** Counts of the longer side, zeros included; 0 is no limit. */
  readonly bucketsMax: number;
}
