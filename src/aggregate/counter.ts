/** Counters: a sum per context; the Agent sends it as a rate per second (spec aggregation §6). */
import type { SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, Outcome } from './cells.ts';
import { reserve } from './columns.ts';
import { Rows } from './rows.ts';

export class CounterCells implements Cells {
  readonly rows = new Rows();
  readonly #intervalSeconds: number;
  #sums = new Float64Array(0);

  constructor(intervalSeconds: number) {
    this.#intervalSeconds = intervalSeconds;
  }

  merge(id: number, sealed: SealedBucket, slot: number): void {
    this.add(id, sealed.sum(slot));
  }

  add(id: number, value: number): void {
    const row = this.rows.take(id);
    this.#sums = reserve(this.#sums, row);
    (this.#sums[row] as number) += value;
  }

  outcomeAt(row: number): Outcome {
    const sum = this.#sums[row] as number;
    return {
      data: { kind: 'counter', sum },
      series: [{ suffix: '', type: 'rate', value: sum / this.#intervalSeconds }],
    };
  }
}
