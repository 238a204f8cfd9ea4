/**
 * Quantiles as percentages, ascending: as the Agent has them (docs/behaviour/aggregation.md#histograms), and as they are.
 *
 *   agentPercents   "0.95" ─▶ 95    "0.999" ─▶ 100    "0.29" ─▶ 29    texts that are none are skipped
 *   exactPercents    0.95  ─▶ 95     0.999  ─▶ 99.9    0.29  ─▶ 29     though 0.29 * 100 is 28.999999999999996
 */

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** More than rounding errors need, and than a configuration may have. */
const DECIMALS = 10;

/** Two texts may come to the same percentage. */
export function agentPercents(texts: readonly string[]): number[] {
  return texts
    .filter((text) => DECIMAL.test(text))
    .map(Number)
    .filter((fraction) => fraction >= 0 && fraction <= 1)
    .map((fraction) => Math.trunc(fraction * 100 + 0.5))
    .sort((a, b) => a - b);
}

/** Each percentage once. */
export function exactPercents(quantiles: readonly number[]): number[] {
  const percents = quantiles.map((quantile) => Number((quantile * 100).toFixed(DECIMALS)));
  return [...new Set(percents)].sort((a, b) => a - b);
}
