/**
 * One metric by the second, while somebody looks at it: the last 5 minutes of its first SERIES_MAX series, and of all of
 * them together.
 *
 *   part of a bucket, sealed each second ─▶ cells of its contexts ─▶ ring of 300 seconds, by series and in total
 *                                       └▶ keys ─▶ bins ─▶ percentiles, heat map
 *
 * A part that was sealed at 12:04:31.02 holds what came in the second before.
 *
 * Memory  SERIES_MAX + 1 rings of at most 12 KB, and 24 KB for the heat map: below 850 KB.
 */
import type { ContextType } from '../model/context.ts';
import { NumberBatch } from '../model/number-batch.ts';
import { KEY_KIND, type SealedBucket } from '../model/sealed-bucket.ts';
import type { ByteString } from '../model/text.ts';
import { BinColumn } from './bin-column.ts';
import { HeatCells } from './heat-cells.ts';
import { COLUMNS } from './series-history.ts';

export const FINE_CELLS = 300;
const SERIES_MAX = 64;

/** What a part is read with. */
export interface PartSource {
  idOf(slot: number): number;
  nameOf(id: number): ByteString;
  typeOf(id: number): ContextType;
}

/** One series in one second, while its parts come. */
interface OpenCell {
  count: number;
  sum: number;
  last: number;
  lastAt: number;
  max: number;
  readonly bins: BinColumn;
}

/** The values of one series; columns as in the history. */
export class FineRing {
  readonly type: ContextType;
  samples = 0;
  private readonly columns: number;
  private readonly values: Float64Array;
  private readonly cellAt = new Float64Array(FINE_CELLS).fill(Number.NaN);
  readonly open: OpenCell = {
    count: 0,
    sum: 0,
    last: 0,
    lastAt: 0,
    max: Number.NEGATIVE_INFINITY,
    bins: new BinColumn(),
  };

  constructor(type: ContextType) {
    this.type = type;
    this.columns = COLUMNS[type];
    this.values = new Float64Array(FINE_CELLS * this.columns);
  }

  /** The values of second `cell`; undefined when there are none. Borrowed. */
  at(cell: number): Float64Array | undefined {
    const place = cell % FINE_CELLS;
    if (this.cellAt[place] !== cell) return undefined;
    return this.values.subarray(place * this.columns, (place + 1) * this.columns);
  }

  /** Writes the open cell as second `cell`. */
  close(cell: number): void {
    const { open } = this;
    if (open.count > 0) {
      const place = cell % FINE_CELLS;
      this.cellAt[place] = cell;
      this.values.set(valuesOf(this.type, open), place * this.columns);
    }
    open.count = 0;
    open.sum = 0;
    open.max = Number.NEGATIVE_INFINITY;
    open.bins.clear();
  }
}

function valuesOf(type: ContextType, { sum, last, max, bins }: OpenCell): number[] {
  if (type === 'counter') return [sum];
  if (type === 'gauge') return [last];
  if (type === 'set') return [bins.total];
  return [bins.total, bins.quantile(0.5) ?? max, bins.quantile(0.95) ?? max, bins.quantile(0.99) ?? max, max];
}

export class FineSeries {
  readonly metric: ByteString;
  /** First second that is complete. */
  readonly since: number;
  /** Seconds up to this one, exclusive, are complete. */
  end: number;
  readonly rings = new Map<number, FineRing>();
  readonly totals = new Map<ContextType, FineRing>();
  readonly heat = new HeatCells(FINE_CELLS);
  private cell: number;
  private readonly batch = new NumberBatch();

  /** Begins with second `since`, Unix. */
  constructor(metric: ByteString, since: number) {
    this.metric = metric;
    this.since = since;
    this.end = since;
    this.cell = since;
  }

  /** Takes what a part holds of the metric; it was sealed in or right after second `cell`. */
  add(sealed: SealedBucket, source: PartSource, cell: number): void {
    if (cell < this.cell) return;
    this.moveTo(cell);
    let hasKeys = false;
    const own = new Map<number, number>();
    for (const slot of sealed.slots) {
      const id = source.idOf(slot);
      if (id < 0 || source.nameOf(id) !== this.metric) continue;
      own.set(slot, id);
      const type = source.typeOf(id);
      // Of histograms only those with very many values have keys.
      if (type === 'histogram' || type === 'set') hasKeys = true;
      this.addCell(this.totalOf(type), sealed, slot);
      const ring = this.ringOf(id, type);
      if (ring !== undefined) this.addCell(ring, sealed, slot);
      if (COLUMNS[type] > 1) this.addNumbers([ring, this.totalOf(type)], sealed, slot);
    }
    if (hasKeys) this.addKeys(sealed, source, own);
  }

  /** Closes every second before `cell`. */
  moveTo(cell: number): void {
    if (cell <= this.cell) return;
    for (const ring of this.totals.values()) {
      if (ring.open.count > 0 && COLUMNS[ring.type] > 1) this.heat.put(this.cell, ring.open.bins);
      ring.close(this.cell);
    }
    for (const ring of this.rings.values()) ring.close(this.cell);
    this.cell = cell;
    this.end = cell;
  }

  private addCell(ring: FineRing, sealed: SealedBucket, slot: number): void {
    const { open } = ring;
    const samples = sealed.samples(slot);
    ring.samples += samples;
    open.count += samples;
    if (ring.type === 'counter') open.sum += sealed.sum(slot);
    else if (ring.type === 'gauge' && (open.count === samples || sealed.lastAt(slot) >= open.lastAt)) {
      open.last = sealed.last(slot);
      open.lastAt = sealed.lastAt(slot);
    } else if (COLUMNS[ring.type] > 1) open.max = Math.max(open.max, sealed.max(slot));
  }

  private addNumbers(rings: readonly (FineRing | undefined)[], sealed: SealedBucket, slot: number): void {
    const { batch } = this;
    sealed.readNumbers(slot, batch);
    for (const ring of rings) {
      if (ring === undefined) continue;
      const { bins } = ring.open;
      for (let i = 0; i < batch.size; i++) {
        const key = batch.keys[i] as number;
        const weight = batch.weights[i] as number;
        if (batch.isBins) bins.addKey(key, weight);
        else bins.addValue(key, weight);
      }
    }
  }

  private addKeys(sealed: SealedBucket, source: PartSource, own: ReadonlyMap<number, number>): void {
    const bits = new DataView(new ArrayBuffer(8));
    sealed.forEachKey((slot, kind, low, high, weight) => {
      const id = own.get(slot);
      if (id === undefined) return;
      const rings = [this.rings.get(id), this.totals.get(source.typeOf(id))];
      for (const ring of rings) {
        if (ring === undefined) continue;
        const { bins } = ring.open;
        if (kind === KEY_KIND.bin) bins.addKey(low | 0, weight);
        else if (kind === KEY_KIND.element) bins.addKey(0, 1);
        else {
          bits.setUint32(0, high);
          bits.setUint32(4, low);
          bins.addValue(bits.getFloat64(0), weight);
        }
      }
    });
  }

  private ringOf(id: number, type: ContextType): FineRing | undefined {
    const known = this.rings.get(id);
    if (known?.type === type || (known === undefined && this.rings.size >= SERIES_MAX)) return known;
    const ring = new FineRing(type);
    this.rings.set(id, ring);
    return ring;
  }

  private totalOf(type: ContextType): FineRing {
    const known = this.totals.get(type);
    if (known !== undefined) return known;
    const ring = new FineRing(type);
    this.totals.set(type, ring);
    return ring;
  }
}
