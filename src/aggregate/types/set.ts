/**
 * Sets: how many different elements a context had. An element is known by 53 bits of its keyed hash: two
 * of a million elements share one with a probability below one in ten thousand.
 *
 * Within one part of one shard every element comes once, so counting is enough; only contexts that
 * several parts contributed to are sorted to find what they share.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { KeyKind, SealedBucket } from '../../model/sealed-bucket.ts';
import type { Cells, Outcome } from '../cells.ts';
import { KeyLog } from '../key-log.ts';
import { Rows } from '../rows.ts';

const HIGH_BITS = 0x1fffff;

export class SetCells implements Cells {
  readonly rows = new Rows();
  private readonly elements = new KeyLog({ weighted: false });
  /** Parts that contributed to a row. */
  private readonly cells = new ColumnTable({ parts: Uint32Array });

  merge(id: number, _sealed: SealedBucket, _slot: number): boolean {
    const row = this.rows.take(id);
    this.cells.reserve(row);
    (this.cells.columns.parts[row] as number)++;
    return true;
  }

  mergeKey(id: number, _kind: KeyKind, low: number, high: number): void {
    this.elements.append(this.rows.take(id), (high & HIGH_BITS) * 2 ** 32 + (low >>> 0), 1);
  }

  *close(): Steps {
    yield* this.elements.group(this.rows.size);
  }

  partialAt(row: number): PartialData | undefined {
    const elements = this.elements.keysOf(row);
    return elements.length === 0 ? undefined : { kind: 'set', elements };
  }

  outcomeAt(row: number): Outcome | undefined {
    const distinct =
      (this.cells.columns.parts[row] as number) > 1
        ? this.elements.countDistinct(row)
        : this.elements.countOf(row);
    if (distinct === 0) return undefined;
    return { data: { kind: 'set', distinct }, series: [{ suffix: '', type: 'gauge', value: distinct }] };
  }
}
