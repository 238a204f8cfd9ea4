/** What a simulation is fed: packets with times and times to flush at, in the shape of the aggregation vectors. */

export interface TimedLine {
  /** One packet: a line, or several separated by newlines. Bad lines are skipped. */
  readonly line: string | Uint8Array;
  /** The clock when it arrives, Unix seconds, may be fractional. It decides the bucket. */
  readonly at: number;
  /** For a clock that steps back: when the packet arrives by a clock that does not. It decides the order. */
  readonly recv?: number;
}

export interface Timeline {
  readonly samples: readonly TimedLine[];
  /** Times of the periodic flushes. At equal times samples come first, in order, and the stop last. */
  readonly flush_at: readonly number[];
  /** Time of the last flush; nothing happens after it. */
  readonly stop_at?: number;
}

/** What is to be simulated makes no sense; the message says where. */
export class SimulateInputError extends TypeError {}

/** Throws SimulateInputError. For callers without types: programs in JavaScript, and files. */
export function checkTimeline(timeline: Timeline): void {
  if (!isMap(timeline)) throw new SimulateInputError('a case is an object with samples and flush_at');
  const { samples, flush_at, stop_at } = timeline;
  if (!Array.isArray(samples)) throw new SimulateInputError('samples is a list');
  if (!Array.isArray(flush_at)) throw new SimulateInputError('flush_at is a list');
  samples.forEach((sample: TimedLine, i) => {
    checkSample(`samples[${i}]`, sample);
  });
  flush_at.forEach((time, i) => {
    checkTime(`flush_at[${i}]`, time);
  });
  if (stop_at !== undefined) checkTime('stop_at', stop_at);
}

function checkSample(where: string, sample: TimedLine): void {
  if (!isMap(sample)) throw new SimulateInputError(`${where} is an object with line and at`);
  const { line, at, recv } = sample;
  if (typeof line !== 'string' && !((line as unknown) instanceof Uint8Array))
    throw new SimulateInputError(`${where}.line is text or bytes; it is ${JSON.stringify(line)}`);
  checkTime(`${where}.at`, at);
  if (recv !== undefined) checkTime(`${where}.recv`, recv);
}

function checkTime(where: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  throw new SimulateInputError(`${where} is a time in seconds, from 0; it is ${JSON.stringify(value)}`);
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
