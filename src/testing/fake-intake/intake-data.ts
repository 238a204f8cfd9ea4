/**
 * What a Datadog intake is sent, decoded into plain data: the same shapes whatever format and version the
 * client used (docs/datadog.md#what-is-sent). Text is ordinary text, times are Unix seconds.
 */

/** Names of the number a series' type is on the wire. */
export const SERIES_TYPES = ['unspecified', 'count', 'rate', 'gauge'] as const;
export type IntakeSeriesType = (typeof SERIES_TYPES)[number];

export interface IntakeResource {
  readonly type: string;
  readonly name: string;
}

/** Where a metric comes from, as numbers of the product's own registry; absent parts are 0. */
export interface IntakeOrigin {
  readonly product: number;
  readonly category: number;
  readonly service: number;
}

export interface IntakePoint {
  readonly timestamp: number;
  readonly value: number;
}

export interface IntakeSeries {
  readonly metric: string;
  readonly type: IntakeSeriesType;
  readonly points: readonly IntakePoint[];
  readonly tags: readonly string[];
  /** Name of the first resource of type `host`; empty when there is none. */
  readonly host: string;
  /** All resources, the host included. */
  readonly resources: readonly IntakeResource[];
  /** Seconds; 0 when not given. */
  readonly interval: number;
  readonly unit: string;
  readonly sourceTypeName: string;
  readonly origin?: IntakeOrigin;
  /** Only in column-wise payloads: kept, and not to be searched for. */
  readonly notIndexed?: true;
}

/** One sketch of a distribution: a bucket's worth. */
export interface IntakeSketchPoint {
  readonly timestamp: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly sum: number;
  /** Bin keys and how many observations each holds; equal length. */
  readonly keys: readonly number[];
  readonly counts: readonly number[];
}

export interface IntakeSketch {
  readonly metric: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly points: readonly IntakeSketchPoint[];
  readonly origin?: IntakeOrigin;
}

export interface IntakeCheckRun {
  readonly check: string;
  readonly host: string;
  readonly timestamp: number;
  /** 0 OK, 1 warning, 2 critical, 3 unknown. */
  readonly status: number;
  readonly message: string;
  readonly tags: readonly string[];
}

export interface IntakeEvent {
  readonly title: string;
  readonly text: string;
  readonly timestamp: number;
  readonly priority: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly alertType: string;
  readonly aggregationKey: string;
  readonly sourceType: string;
  readonly eventType: string;
}

/** What a payload of a known route holds. */
export type Decoded =
  | { readonly kind: 'series'; readonly items: readonly IntakeSeries[] }
  | { readonly kind: 'sketches'; readonly items: readonly IntakeSketch[] }
  | { readonly kind: 'check_runs'; readonly items: readonly IntakeCheckRun[] }
  | { readonly kind: 'events'; readonly items: readonly IntakeEvent[] };

export type DecodedKind = Decoded['kind'];
