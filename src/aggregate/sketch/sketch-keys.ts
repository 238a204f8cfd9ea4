/**
 * Keys of the Agent's sketch: which bin a value falls into, and which value a bin stands for
 * (docs/behaviour/sketch.md#keys; the hot twin is core/assembly/sketch-key.ts).
 *
 *   key    -32767 … -1        0         1 … 32766        32767
 *   value  -gamma^(k-bias)   tiny, 0   gamma^(k-bias)   too large: infinity
 *
 * A bin is centred on its value in log space, so the worst relative error is 1 - 1/sqrt(gamma), 0.77 %.
 */

export const GAMMA = 1.015625;
export const GAMMA_LN = 0.015504186535965254;
/** Added to the logarithm so that every magnitude above 1e-9 has a positive key. */
export const BIAS = 1338;
/** The smallest magnitude with a key of its own; anything below shares key 0 with zero. */
export const MAGNITUDE_MIN = 9.94185408912145e-10;
export const KEY_MAX = 32766;
export const KEY_INFINITE = 32767;

/** The key of the bin that holds `value`. NaN has none and must not come here. */
export function keyOf(value: number): number {
  if (value < 0) return -keyOfMagnitude(-value);
  return keyOfMagnitude(value);
}

/** The value that stands for every value with this key. */
export function valueOfKey(key: number): number {
  if (key < 0) return -valueOfKey(-key);
  if (key === 0) return 0;
  return key > KEY_MAX ? Number.POSITIVE_INFINITY : GAMMA ** (key - BIAS);
}

function keyOfMagnitude(magnitude: number): number {
  if (magnitude < MAGNITUDE_MIN) return 0;
  const key = roundHalfEven(Math.log(magnitude) / GAMMA_LN) + BIAS;
  if (key > KEY_MAX) return KEY_INFINITE;
  return Math.max(key, 1);
}

/** Rounds to the nearest integer, and to the even one when two are equally near. */
export function roundHalfEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
