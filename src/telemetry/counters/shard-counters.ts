/**
 * Counters a listener thread keeps beside those of its core: 64-bit floats in a fixed order, written by that
 * thread alone. The control thread reads what the thread published last (control-word.ts).
 *
 * A new counter is one line here; what it is in the ledger is one line in telemetry/ledger/listener-ledger.ts.
 */
import {
  EVENT_ERRORS,
  METRIC_ERRORS,
  type MessageType,
  type Rejection,
  SERVICE_CHECK_ERRORS,
} from '../../model/message.ts';
import { FORWARD_COUNTERS } from './forward-counters.ts';
import { LIMITER_COUNTERS } from './limiter-counters.ts';
import { STREAM_COUNTERS } from './stream-counters.ts';

/** What becomes of a line that takes the cold path; each line adds one to one of these, or is rejected. */
const OUTCOMES = [
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
  /** Gauges with a sign whose value was forgotten because there were too many. */
  'relativeGaugesForgotten',
  /** Receive calls that brought at least one packet, and that failed. */
  'receiveCalls',
  'receiveErrors',
  /** Receive calls that ended because their time was over: what a thread at rest wakes up for. */
  'emptyReceives',
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
  /** Packets whose sender's container is known; times that nothing could be said of a sender. */
  'originPackets',
  'originErrors',
  /** Of the errors, senders in a pid namespace that is not seen here. */
  'originInvisible',
  /** Packets of whose sender the kernel had more to say than there is room for, and descriptors that senders passed. */
  'originTruncated',
  'originPassedDescriptors',
  /** Packets that spoke for a captured sender during a replay, from a process that may not. */
  'originReplayRefused',
  /** Messages that wait for the tags of their container now; that had them late; that went on without; and for which there was no room. */
  'originWaitingMessages',
  'originResolvedLate',
  'originGaveUp',
  'originNoRoom',
  'newContexts',
  /** Values of copies of histograms that were lost because the shard's memory is full. */
  'memoryFullCopies',
  /** Buckets that stayed open beyond their end because the one before was still being read. */
  'lateSeals',
  /** Packets that were left in a socket at the stop: there was no time to process them. */
  'stoppedPackets',
  ...LIMITER_COUNTERS,
  ...FORWARD_COUNTERS,
  ...STREAM_COUNTERS,
] as const;

const REJECTIONS = [
  ...METRIC_ERRORS.map((error) => `metric:${error}` as const),
  ...EVENT_ERRORS.map((error) => `event:${error}` as const),
  ...SERVICE_CHECK_ERRORS.map((error) => `service_check:${error}` as const),
];

export type RejectionCounter = (typeof REJECTIONS)[number];
export type MessageOutcome = (typeof OUTCOMES)[number] | RejectionCounter;
export type ShardCounter = (typeof PLAIN)[number] | MessageOutcome;

/** Every reason to reject a line, as the name of its counter: `metric:value`. */
export const REJECTION_COUNTERS: readonly RejectionCounter[] = REJECTIONS;

/** All of them, in their order. */
export const SHARD_COUNTERS: readonly ShardCounter[] = [...OUTCOMES, ...PLAIN, ...REJECTIONS];

const INDEX = new Map<ShardCounter, number>(SHARD_COUNTERS.map((name, index) => [name, index]));

/** Those that are a state and no sum: they rise and fall. */
const STATES = new Set<ShardCounter>([
  'backlogHeldPackets',
  'backlogHeldBytes',
  'backlogHeldMessages',
  'backlogOldestAt',
  'originWaitingMessages',
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

export function rejectionOutcome({ messageType, error }: Rejection): RejectionCounter {
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
