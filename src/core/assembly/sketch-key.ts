/**
 * Hot path. The bin of the Agent's sketch a value falls into (docs/behaviour/sketch.md#keys; the readable twin is
 * aggregate/sketch/sketch-keys.ts).
 *
 *   key(v) = roundHalfEven(ln v / ln gamma) + bias, mirrored for negative values, 0 for tiny ones
 */

const LN_GAMMA: f64 = 0.015504186535965254;
const BIAS: f64 = 1338;
const SMALLEST: f64 = 9.94185408912145e-10;
const KEY_INFINITE: f64 = 32767;

export function sketchKey(value: f64): i32 {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST) return 0;
  let key = nearest(NativeMath.log(magnitude) / LN_GAMMA) + BIAS;
  if (key > KEY_INFINITE) key = KEY_INFINITE;
  if (key < 1) key = 1;
  return value < 0 ? -(<i32>key) : <i32>key;
}
