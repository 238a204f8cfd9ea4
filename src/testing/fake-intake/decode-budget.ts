/**
 * What one payload may cost: a body of 12 KB can unpack to millions of empty items, which take seconds and gigabytes to read.
 *
 *   body ─▶ how many values, counted before they are read ─▶ item, item, item, …
 *                                                              └ every few milliseconds others get their turn
 *
 * Limits  VALUES_MAX values of JSON or fields of protobuf, and WORK_MS_MAX of work, waiting not included. An agent's payload
 *         has at most 5 MiB and half as many values. What is over is refused with 413.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DecodeError } from './decode-error.ts';

export const VALUES_MAX = 1_000_000;
export const WORK_MS_MAX = 5000;
/** How long a payload is worked on before others get their turn. */
const TURN_MS = 10;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_MAP = 0x7b;

/** Reads something item by item; a pause is possible at every `yield`. */
export type Reading<T> = Generator<void, T>;

export class DecodeBudget {
  private values = 0;
  private readonly workMsMax: number;

  constructor(workMsMax = WORK_MS_MAX) {
    this.workMsMax = workMsMax;
  }

  /** Throws DecodeError when there are too many values. */
  spend(count: number): void {
    this.values += count;
    if (this.values > VALUES_MAX) throw new DecodeError(`the body holds more than ${VALUES_MAX} values`, 413);
  }

  /** Reads to the end, with pauses. Rejects with DecodeError, also when it takes too long. */
  async run<T>(reading: Reading<T>): Promise<T> {
    let worked = 0;
    for (;;) {
      const start = performance.now();
      let took = 0;
      while (took < TURN_MS) {
        const step = reading.next();
        if (step.done === true) return step.value;
        took = performance.now() - start;
      }
      worked += took;
      if (worked > this.workMsMax)
        throw new DecodeError(`the body takes longer than ${this.workMsMax} ms to read`, 413);
      await nextTurn();
    }
  }
}

/** Reads to the end at once. */
export function readAtOnce<T>(reading: Reading<T>): T {
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
  }
}

/** How many values JSON text holds, at least as many as a reader makes; stops counting beyond VALUES_MAX. */
export function countJsonValues(body: Uint8Array): number {
  let count = 1;
  let isText = false;
  for (let at = 0; at < body.length && count <= VALUES_MAX; at++) {
    const byte = body[at];
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === COMMA || byte === OPEN_LIST || byte === OPEN_MAP) count++;
  }
  return count;
}
