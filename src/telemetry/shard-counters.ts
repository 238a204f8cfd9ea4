/**
 * Counters an intake thread keeps beside those of its core: 64-bit floats in a fixed order, written by that
 * thread alone. The control thread reads what the thread published last (control-word.ts).
 *
 * A new counter is one line here; what it is in the ledger is one line in server/ledger-table.ts.
 */
import {
  EVENT_ERRORS,
  METRIC_ERRORS,
  type MessageType,
  type Rejection,
  SERVICE_CHECK_ERRORS,
} from '../model/message.ts';
import { FORWARD_COUNTERS } from './forward-counters.ts';
import { LIMITER_COUNTERS } from './limiter-counters.ts';

/** What becomes of a line that takes the cold path; each line adds one to one of these, or is rejected. */
const FATES = [
  /** Accepted. */
  'metrics',
  'events',
  'serviceChecks',
  /** Metrics whose name is filtered; the core counts those it knows. */
  'filteredMetrics',
  /** Dropped because the control thread does not keep up with them. */
  'eventsDropped',
  'serviceChecksDropped',
  /** Dropped because the shard's memory is full. */
  'memoryFullMessages',
  /** Dropped because a timestamp was given for a type that has no pass-through. */
  'unsupportedTimestampedMessages',
  /** Lines the cold path could not handle: bugs, counted so that nothing vanishes. */
  'resolverFailures',
] as const;

const PLAIN = [
  /** Receive calls that brought at least one packet, and that failed. */
  'receiveCalls',
  'receiveErrors',
  /** Packets taken from the socket, whether they were processed already or wait. */
  'receivedPackets',
  /** Packets that waited in the backlog, and what waits now: packets, bytes with headers, messages in them. */
  'backlogPackets',
  'backlogHeldPackets',
  'backlogHeldBytes',
  'backlogHeldMessages',
  /** When the oldest packet that waits was received, Unix seconds; 0 when none does. */
  'backlogOldestAt',
  /** Times the backlog was full, so that the socket had to wait. */
  'backlogFull',
  'unknownFields',
  'badOriginFields',
  'newContexts',
  /** Values of copies of histograms that were lost because the shard's memory is full. */
  'memoryFullCopies',
  /** Buckets that stayed open beyond their end because the one before was still being read. */
  'lateSeals',
  ...LIMITER_COUNTERS,
  ...FORWARD_COUNTERS,
] as const;

const REJECTIONS = [
  ...METRIC_ERRORS.map((error) => `metric:${error}` as const),
  ...EVENT_ERRORS.map((error) => `event:${error}` as const),
  ...SERVICE_CHECK_ERRORS.map((error) => `service_check:${error}` as const),
];

export type RejectionCounter = (typeof REJECTIONS)[number];
export type MessageFate = (typeof FATES)[number] | RejectionCounter;
export type ShardCounter = (typeof PLAIN)[number] | MessageFate;

/** Every reason to reject a line, as the name of its counter: `metric:value`. */
export const REJECTION_COUNTERS: readonly RejectionCounter[] = REJECTIONS;

const INDEX = new Map<ShardCounter, number>(
  [...FATES, ...PLAIN, ...REJECTIONS].map((name, index) => [name, index]),
);

/** Those that are a state and no sum: they rise and fall. */
const STATES = new Set<ShardCounter>([
  'backlogHeldPackets',
  'backlogHeldBytes',
  'backlogHeldMessages',
  'backlogOldestAt',
  'limiterMemoryRatio',
  'limiterLevel',
  'limiterPauseMs',
]);
const STATE_INDEXES = new Set([...STATES].map((name) => INDEX.get(name) as number));

/** Whether the counter at this place of ShardCounters.values is a state. */
export function isStateCounter(index: number): boolean {
  return STATE_INDEXES.has(index);
}

/** Bytes the counters take. */
export const SHARD_COUNTER_BYTES = INDEX.size * 8;

export function rejectionFate({ messageType, error }: Rejection): RejectionCounter {
  return `${messageType}:${error}` as RejectionCounter;
}

export class ShardCounters {
  readonly values: Float64Array;

  constructor(buffer: ArrayBufferLike, byteOffset: number) {
    this.values = new Float64Array(buffer, byteOffset, INDEX.size);
  }

  add(counter: ShardCounter, by = 1): void {
    const index = INDEX.get(counter) as number;
    this.values[index] = (this.values[index] as number) + by;
  }

  set(counter: ShardCounter, to: number): void {
    this.values[INDEX.get(counter) as number] = to;
  }

  get(counter: ShardCounter): number {
    return this.values[INDEX.get(counter) as number] as number;
  }

  /** Every reason with its count. */
  rejections(): { messageType: MessageType; error: string; count: number }[] {
    return REJECTIONS.map((name) => {
      const [messageType, error] = name.split(':') as [MessageType, string];
      return { messageType, error, count: this.get(name) };
    });
  }
}
