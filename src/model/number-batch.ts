/**
 * The numbers of one context in a sealed bucket: values of a histogram, or bins of a distribution or a histogram with too
 * many values. Columns that are filled again for the next context.
 *
 *   keys      value or sketch key, in the order of arrival; the same one may come several times
 *   weights   how many observations it stands for
 *
 * Why     a callback for each number makes an object of every double it passes.
 */

const SMALLEST = 1024;

export class NumberBatch {
  size = 0;
  /** Whether `keys` are sketch keys. */
  isBins = false;
  keys = new Float64Array(SMALLEST);
  weights = new Float64Array(SMALLEST);

  /** Empties it, for values or bins. */
  begin(isBins: boolean): void {
    this.size = 0;
    this.isBins = isBins;
  }

  add(key: number, weight: number): void {
    if (this.size === this.keys.length) this.grow();
    this.keys[this.size] = key;
    this.weights[this.size] = weight;
    this.size++;
  }

  private grow(): void {
    const length = 2 * this.keys.length;
    const keys = new Float64Array(length);
    const weights = new Float64Array(length);
    keys.set(this.keys);
    weights.set(this.weights);
    this.keys = keys;
    this.weights = weights;
  }
}
