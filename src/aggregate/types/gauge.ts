/**
 * Gauges: the last value per context. Among shards the latest by receive time wins, and of two received
 * at the same time the one merged later. After the clock has gone back, the one merged later wins too.
 */

import { ColumnTable } from '../../lib/column-table.ts';
import type { OpenData } from '../../model/open-value.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { Cells, Outcome } from '../cells.ts';
import { Rows } from '../rows.ts';

export class GaugeCells implements Cells {
  readonly rows = new Rows();
  private readonly cells = new ColumnTable({
    values: Float64Array,
    /** When the value was received, Unix seconds with fraction. */
    receivedAt: Float64Array,
  });

  merge(id: number, sealed: SealedBucket, slot: number, clockWentBack = false): boolean {
    const known = this.rows.find(id);
    const receivedAt = sealed.lastAt(slot);
    if (known >= 0 && !clockWentBack && receivedAt < (this.cells.columns.receivedAt[known] as number))
      return true;
    const row = this.rows.take(id);
    this.cells.reserve(row);
    this.cells.columns.values[row] = sealed.last(slot);
    this.cells.columns.receivedAt[row] = receivedAt;
    return true;
  }

  openAt(row: number): OpenData {
    return { kind: 'gauge', value: this.cells.columns.values[row] as number };
  }

  partialAt(row: number): PartialData {
    return {
      kind: 'gauge',
      value: this.cells.columns.values[row] as number,
      at: this.cells.columns.receivedAt[row] as number,
    };
  }

  outcomeAt(row: number): Outcome {
    const value = this.cells.columns.values[row] as number;
    return { data: { kind: 'gauge', value }, series: [{ suffix: '', type: 'gauge', value }] };
  }
}
