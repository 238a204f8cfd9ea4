/**
 * Divides what one thread counts among its listeners, so that each has totals of its own in the ledger.
 *
 *   a chunk of listener 1 ─▶ the thread's counters grow ─▶ give(1): what they grew by is listener 1's
 *
 * That is exact because a chunk is worked off whole before the next one begins. What grows in between, with no
 * chunk, and what is a state of the thread and not a sum, is shown with the first listener.
 *
 * Memory  a control buffer for each listener, of which only the counters and their published copies are used.
 * Thread  give() the thread that counts, published() any other.
 */
import { ControlWord, type PublishedCounters } from './control-word.ts';
import { isStateCounter } from './shard-counters.ts';

/** Counters of the core; control-word.ts has room for so many. */
interface Share {
  readonly word: ControlWord;
  readonly core: Float64Array;
}

export class CounterShares {
  private readonly shares: readonly Share[];
  private readonly control: ControlWord;
  private readonly core: Float64Array;
  /** Which counters of the core are states. */
  private readonly coreStates: ReadonlySet<number>;
  private readonly lastCore: Float64Array;
  private readonly lastShard: Float64Array;

  /** `buffers` are the listeners' own; `core` are the counters of the core, as they change. */
  constructor(
    buffers: readonly SharedArrayBuffer[],
    control: ControlWord,
    core: Float64Array,
    coreStates: readonly number[],
  ) {
    this.shares = buffers.map((buffer) => ({
      word: new ControlWord(buffer),
      core: new Float64Array(core.length),
    }));
    this.control = control;
    this.core = core;
    this.coreStates = new Set(coreStates);
    this.lastCore = core.slice();
    this.lastShard = control.counters.values.slice();
  }

  /** What has been counted since the last time belongs to listener `index`. */
  give(index: number): void {
    const share = this.shares[index] as Share;
    const first = this.shares[0] as Share;
    divide(this.core, this.lastCore, share.core, first.core, (i) => this.coreStates.has(i));
    const { values } = this.control.counters;
    divide(values, this.lastShard, share.word.counters.values, first.word.counters.values, isStateCounter);
    share.word.publish(share.core);
    if (first !== share) first.word.publish(first.core);
  }
}

/** What a listener was given, as of the end of its last chunk. */
export function publishedShares(buffers: readonly SharedArrayBuffer[]): PublishedCounters[] {
  return buffers.map((buffer) => new ControlWord(buffer).published());
}

function divide(
  now: Float64Array,
  last: Float64Array,
  to: Float64Array,
  first: Float64Array,
  isState: (index: number) => boolean,
): void {
  for (let i = 0; i < now.length; i++) {
    const value = now[i] as number;
    const grown = value - (last[i] as number);
    if (grown === 0) continue;
    last[i] = value;
    if (isState(i)) first[i] = value;
    else to[i] = (to[i] as number) + grown;
  }
}
