/**
 * What a test server received, as plain data: text is ordinary text, tags and host are those the server would
 * deliver, after mapper, filters, namespace and tags of the configuration.
 */
import type { ServiceCheckStatus } from '../../model/message.ts';

/** Types as clients name them; `timing` is `ms` on the wire. */
export const RECEIVED_TYPES = ['count', 'gauge', 'histogram', 'timing', 'distribution', 'set'] as const;
export type ReceivedType = (typeof RECEIVED_TYPES)[number];

/** How something arrived. */
export type Via = 'udp' | 'unixgram' | 'unix' | 'tcp' | 'http';

/** Everything received for one name, type, host and set of tags. */
export interface ReceivedMetric {
  readonly name: string;
  readonly type: ReceivedType;
  /** Sorted, without duplicates. */
  readonly tags: readonly string[];
  /** Empty for the server's own host. */
  readonly host: string;
  /** Lines. */
  readonly messages: number;
  /** Values; more than lines when they come packed. */
  readonly samples: number;
  /** Values, each counted 1 / sample rate times. */
  readonly count: number;
  /** Sum of value / sample rate, in which a count is measured; the plain sum of a gauge. 0 for a set. */
  readonly sum: number;
  /** The value that came last; what a gauge shows. 0 for a set. */
  readonly last: number;
  readonly min: number;
  readonly max: number;
  /** The values in the order they came, up to VALUES_MAX. */
  readonly values: readonly number[];
  /** The distinct elements of a set, up to VALUES_MAX. */
  readonly elements: readonly string[];
  /** The times that samples brought with them (`|T`), Unix seconds, up to VALUES_MAX. */
  readonly timestamps: readonly number[];
}

export interface ReceivedEvent {
  readonly title: string;
  readonly text: string;
  /** Unix seconds; 0 when not given. */
  readonly timestamp: number;
  readonly host: string;
  readonly priority: 'normal' | 'low';
  readonly alertType: 'error' | 'warning' | 'info' | 'success';
  readonly aggregationKey: string;
  readonly sourceType: string;
  readonly tags: readonly string[];
}

export interface ReceivedServiceCheck {
  readonly name: string;
  /** 0 OK, 1 warning, 2 critical, 3 unknown. */
  readonly status: ServiceCheckStatus;
  readonly message: string;
  readonly timestamp: number;
  readonly host: string;
  readonly tags: readonly string[];
}

/** A line that means nothing, and why. */
export interface RejectedMessage {
  readonly line: string;
  readonly messageType: 'metric' | 'event' | 'service_check';
  /** As in docs/errors.md: `type`, `value`, … */
  readonly reason: string;
  /** Byte of the line where the trouble is. */
  readonly at: number;
}

/** One line, in the order of arrival. */
export interface ReceivedMessage {
  readonly line: string;
  readonly via: Via;
  readonly kind: 'metric' | 'event' | 'service_check' | 'rejected' | 'filtered';
  /** Since the start of the test server, ms. */
  readonly atMs: number;
}
