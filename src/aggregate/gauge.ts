/**
 * Gauges: the last value per context. Among shards the latest by receive time wins, and of two received
 * at the same time the one merged later. After the clock has gone back, the one merged later wins too.
 */
import type { SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, Outcome } from './cells.ts';
import { reserve } from './columns.ts';
import { Rows } from './rows.ts';

export class GaugeCells implements Cells {
  readonly rows = new Rows();
  #values = new Float64Array(0);
  /** When the value was received, Unix seconds with fraction. */
  #receivedAt = new Float64Array(0);

  merge(id: number, sealed: SealedBucket, slot: number, clockWentBack = false): void {
    const known = this.rows.find(id);
    const receivedAt = sealed.lastAt(slot);
    if (known >= 0 && !clockWentBack && receivedAt < (this.#receivedAt[known] as number)) return;
    const row = this.rows.take(id);
    this.#values = reserve(this.#values, row);
    this.#receivedAt = reserve(this.#receivedAt, row);
    this.#values[row] = sealed.last(slot);
    this.#receivedAt[row] = receivedAt;
  }

  outcomeAt(row: number): Outcome {
    const value = this.#values[row] as number;
    return { data: { kind: 'gauge', value }, series: [{ suffix: '', type: 'gauge', value }] };
  }
}
