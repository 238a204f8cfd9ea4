/**
 * Counters an intake thread keeps in shared memory beside those of its core: 64-bit floats in a fixed
 * order, written by that thread, read by the control thread at any time.
 */
import {
  EVENT_ERRORS,
  METRIC_ERRORS,
  type MessageType,
  type Rejection,
  SERVICE_CHECK_ERRORS,
} from '../model/message.ts';

const PLAIN = [
  /** Receive calls that brought at least one packet, and that failed. */
  'receiveCalls',
  'receiveErrors',
  /** Packets that waited in the backlog, and what waits now. */
  'backlogPackets',
  'backlogHeldPackets',
  'backlogHeldBytes',
  /** Times the backlog was full, so that the socket had to wait. */
  'backlogFull',
  'events',
  'serviceChecks',
  /** Events and checks dropped because the control thread does not keep up with them. */
  'messagesDropped',
  'metrics',
  /** Metrics whose name is filtered, as far as the cold path saw them; the core counts the rest. */
  'filteredMetrics',
  /** Samples whose context found no room in the shard's memory. */
  'memoryFullSamples',
  /** Timestamped samples of a type that has no pass-through. */
  'unsupportedTimestampedSamples',
  'unknownFields',
  'badOriginFields',
  'newContexts',
  /** Lines the cold path could not handle: bugs, counted so that nothing vanishes. */
  'resolverFailures',
  /** Buckets that stayed open beyond their end because the one before was still being read. */
  'lateSeals',
] as const;

const REJECTIONS = [
  ...METRIC_ERRORS.map((error) => `metric:${error}` as const),
  ...EVENT_ERRORS.map((error) => `event:${error}` as const),
  ...SERVICE_CHECK_ERRORS.map((error) => `service_check:${error}` as const),
];

export type ShardCounter = (typeof PLAIN)[number] | (typeof REJECTIONS)[number];

const INDEX = new Map<ShardCounter, number>([...PLAIN, ...REJECTIONS].map((name, index) => [name, index]));

/** Bytes the counters take. */
export const SHARD_COUNTER_BYTES = INDEX.size * 8;

export class ShardCounters {
  private readonly values: Float64Array;

  constructor(buffer: SharedArrayBuffer, byteOffset: number) {
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

  addRejection(rejection: Rejection): void {
    this.add(`${rejection.messageType}:${rejection.error}` as ShardCounter);
  }

  /** Every reason with its count. */
  rejections(): { messageType: MessageType; error: string; count: number }[] {
    return REJECTIONS.map((name) => {
      const [messageType, error] = name.split(':') as [MessageType, string];
      return { messageType, error, count: this.get(name) };
    });
  }
}
