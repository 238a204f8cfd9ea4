/** Counters: a sum per context; the Agent sends it as a rate per second (docs/behaviour/aggregation.md#types). */
import { ColumnTable } from '../../lib/column-table.ts';
import { addFinite, addsUp } from '../../lib/finite.ts';
import type { OpenData } from '../../model/open-value.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { Cells, Outcome } from '../cells.ts';
import { Rows } from '../rows.ts';

export class CounterCells implements Cells {
  readonly rows = new Rows();
  private readonly intervalSeconds: number;
  private readonly cells = new ColumnTable({ sums: Float64Array });

  constructor(intervalSeconds: number) {
    this.intervalSeconds = intervalSeconds;
  }

  merge(id: number, sealed: SealedBucket, slot: number): boolean {
    return this.add(id, sealed.sum(slot));
  }

  /** False when the sum is cut: it stays at the largest double. */
  add(id: number, value: number): boolean {
    const row = this.rows.take(id);
    this.cells.reserve(row);
    const before = this.cells.columns.sums[row] as number;
    this.cells.columns.sums[row] = addFinite(before, value);
    return addsUp(before, value);
  }

  openAt(row: number): OpenData {
    return { kind: 'counter', sum: this.cells.columns.sums[row] as number };
  }

  partialAt(row: number): PartialData {
    return { kind: 'counter', sum: this.cells.columns.sums[row] as number };
  }

  outcomeAt(row: number): Outcome {
    const sum = this.cells.columns.sums[row] as number;
    return {
      data: { kind: 'counter', sum },
      series: [{ suffix: '', type: 'rate', value: sum / this.intervalSeconds }],
    };
  }
}
