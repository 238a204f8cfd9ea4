/**
 * Current values of gauges that plain StatsD clients change by so much (`load:+3|g`), by the text of their context, whose
 * tags are sorted.
 *
 * A gauge nobody has set begins at 0. What is not sent keeps its value here, as in StatsD, also when its context is forgotten
 * elsewhere.
 *
 * Memory  the text of each context and 8 bytes; GAUGES_MAX of them.
 * Full    the gauge that was sent longest ago is forgotten and counted: a change to it begins at 0 again.
 * Thread  the listener thread's own: a gauge that several listeners change has a value for each.
 */
import type { ByteString } from '../model/text.ts';

const GAUGES_MAX = 65_536;

export class RelativeGauges {
  /** In the order they were last sent. */
  private readonly values = new Map<ByteString, number>();
  private readonly gaugesMax: number;
  private readonly onForgotten: () => void;

  constructor(onForgotten: () => void, gaugesMax = GAUGES_MAX) {
    this.onForgotten = onForgotten;
    this.gaugesMax = gaugesMax;
  }

  /** Applies one value to the gauge with this text, and returns what it is now. */
  apply(text: ByteString, value: number, isRelative: boolean): number {
    const before = this.values.get(text);
    const sum = isRelative ? (before ?? 0) + value : value;
    // A gauge stays finite: a change that would make it infinite changes nothing.
    const after = Number.isFinite(sum) || !isRelative ? sum : (before ?? 0);
    if (before !== undefined) this.values.delete(text);
    this.values.set(text, after);
    if (this.values.size > this.gaugesMax) {
      const [oldest] = this.values.keys();
      this.values.delete(oldest as ByteString);
      this.onForgotten();
    }
    return after;
  }
}
