/**
 * Packs series into payloads of columns, within the limits of series on the newer route (docs/datadog.md#series-in-columns).
 *
 *   rows ─▶ block ──points, or bytes before compression──▶ compressed ──within the limit──▶ payload
 *                                                            └─ too large ─▶ each half on its own, and so on
 *
 * A payload is compressed as a whole, because every series adds to every column: what it comes to is known only then. Halves are
 * rare: 10,000 series, the most a payload may have, compress to a fraction of the limit. One series that is too large alone is
 * dropped and `onTooLarge` is told its name.
 *
 * Thread  the control thread, one call of pack() or finish() at a time; compression is on the thread pool.
 * Memory  the open block, at most the limit before compression, and the rows in it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PackerOptions } from '../packer.ts';
import { ColumnBlock, rowBytesMax } from './column-block.ts';
import type { SeriesRow, SeriesRows } from './series-rows.ts';

/** Rows that are packed before the event loop has its turn. */
const ROWS_A_TURN = 2000;

export class ColumnPacker {
  private readonly options: PackerOptions;
  private readonly headers: Readonly<Record<string, string>>;
  private rows: SeriesRow[] = [];
  private block = new ColumnBlock();

  constructor(options: PackerOptions) {
    this.options = options;
    const { encoding } = options.compressor;
    const { headers } = options.format;
    this.headers = encoding === undefined ? headers : { ...headers, 'Content-Encoding': encoding };
  }

  /** Packs rows in order; payloads that are full are handed on. */
  async pack({ rows }: SeriesRows): Promise<void> {
    let turn = 0;
    for (const row of rows) {
      if (++turn % ROWS_A_TURN === 0) await nextTurn();
      if (!this.fits(row)) await this.finish();
      this.rows.push(row);
      this.block.add(row);
    }
  }

  /** Hands on the payload under way. */
  async finish(): Promise<void> {
    const { rows, block } = this;
    this.reset();
    if (rows.length > 0) await this.send(rows, block);
  }

  /** Forgets the payload under way, after a failure. */
  abandon(): void {
    this.reset();
  }

  private fits(row: SeriesRow): boolean {
    const { limits } = this.options.format;
    if (this.rows.length === 0) return true;
    const byteCount = this.block.byteCount + rowBytesMax(row);
    return this.rows.length < limits.points && byteCount <= limits.uncompressedBytes;
  }

  private async send(rows: readonly SeriesRow[], block: ColumnBlock): Promise<void> {
    const { format, compressor, onPayload, onTooLarge } = this.options;
    const { kind, route, limits } = format;
    const bytes = block.encode();
    if (bytes.length <= limits.uncompressedBytes) {
      const body = await compressor.open().finish(bytes);
      if (body.length <= limits.compressedBytes) {
        const { length } = rows;
        await onPayload({ kind, route, headers: this.headers, body, itemCount: length, pointCount: length });
        return;
      }
    }
    if (rows.length === 1) {
      onTooLarge(rows[0]?.name ?? '', bytes.length);
      return;
    }
    const half = Math.ceil(rows.length / 2);
    for (const some of [rows.slice(0, half), rows.slice(half)]) {
      await nextTurn();
      await this.send(some, blockOf(some));
    }
  }

  private reset(): void {
    this.rows = [];
    this.block = new ColumnBlock();
  }
}

function blockOf(rows: readonly SeriesRow[]): ColumnBlock {
  const block = new ColumnBlock();
  for (const row of rows) block.add(row);
  return block;
}
