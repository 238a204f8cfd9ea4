/**
 * Values to sketch keys and back (docs/behaviour/sketch.md#keys): key k stands for gamma^(k - bias), so a value and
 * the value of its key differ by at most 0.78 %. Keys are symmetric around 0 and fit 16 bits.
 */

const GAMMA_LN = Math.log1p(2 / 128);
const BIAS = 1338;
const MAGNITUDE_MIN = Math.exp((1 - BIAS) * GAMMA_LN);
const KEY_MAX = 32766;
const KEY_INFINITE = 32767;

/** Returns the key of the bin that holds `value`. */
export function toSketchKey(value: number): number {
  if (value < 0) return -toSketchKey(-value);
  // NaN fails every comparison and takes this path too.
  if (!(value >= MAGNITUDE_MIN)) return 0;
  const key = roundHalfEven(Math.log(value) / GAMMA_LN) + BIAS;
  return key > KEY_MAX ? KEY_INFINITE : Math.max(key, 1);
}

/** Returns the value in the middle of bin `key`. */
export function fromSketchKey(key: number): number {
  if (key < 0) return -fromSketchKey(-key);
  if (key === 0) return 0;
  return key >= KEY_INFINITE ? Number.POSITIVE_INFINITY : Math.exp((key - BIAS) * GAMMA_LN);
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
