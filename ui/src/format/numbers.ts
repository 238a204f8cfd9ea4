/**
 * Numbers as the page shows them: counts, rates, values, bytes and shares.
 *
 *   count 98,914,207   compact 98.91M   rate 3,912  96.0  4.2  0.3   percentile 12.4   bytes 1.31 MiB   share 99.97 %
 *
 * Not known is `–`, never 0. No number is ever `NaN` or `1e+21`: from 10^15 on, and below 10^-6, it is `1.2E18`.
 * Plain functions of their arguments, so that the same number looks the same in every view.
 */

export const NOT_KNOWN = '–';

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const EXPONENT_FROM = 1e15;
const EXPONENT_BELOW = 1e-6;
const COMPACT_FROM = 10_000;
const COMPACT_UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
/** Below this a share of something is not told apart from nothing. */
const SHARE_DECIMALS_MAX = 6;

/** A number and its unit, which is set apart in grey. */
export interface Measure {
  readonly value: string;
  readonly unit: string;
}

type Maybe = number | null | undefined;

/** A whole number, grouped: `98,914,207`. */
export function count(n: Maybe): string {
  if (!isKnown(n)) return NOT_KNOWN;
  return Math.abs(n) >= EXPONENT_FROM ? exponential(n) : GROUPED.format(n);
}

/** A count for narrow places, of at most four figures: `98.91M`, `12.4k`, `9,812`. */
export function compact(n: Maybe): string {
  if (!isKnown(n)) return NOT_KNOWN;
  if (Math.abs(n) < COMPACT_FROM) return count(Math.round(n));
  if (Math.abs(n) >= 1e18) return exponential(n);
  let step = 0;
  let scaled = n;
  const figures = (): number => (step <= 1 ? 3 : 4);
  while (step < COMPACT_UNITS.length - 1 && Math.abs(Number(scaled.toPrecision(figures()))) >= 1000) {
    scaled /= 1000;
    step++;
  }
  return `${scaled.toPrecision(figures())}${COMPACT_UNITS[step]}`;
}

/** Something per second: no decimals from 100 on, one from 1 on, one significant figure below. */
export function rate(n: Maybe): string {
  if (!isKnown(n)) return NOT_KNOWN;
  const size = Math.abs(n);
  if (size === 0) return '0';
  if (size >= 99.95) return count(n);
  if (size >= 0.95) return n.toFixed(1);
  if (size < 0.001) return n < 0 ? '>-0.001' : '<0.001';
  return trimZeros(n.toPrecision(1));
}

/** A percentile: whole from 1,000 on, three significant figures below, because its error is 1.6 %. */
export function percentile(n: Maybe): string {
  if (!isKnown(n)) return NOT_KNOWN;
  const size = Math.abs(n);
  if (needsExponent(size)) return exponential(n);
  if (size >= 999.5 || Number.isInteger(n)) return GROUPED.format(Math.round(n));
  return keepOneDecimal(n.toPrecision(3));
}

/** A value of a gauge or a counter: whole numbers whole, else up to six significant figures. */
export function value(n: Maybe): string {
  if (!isKnown(n)) return NOT_KNOWN;
  const size = Math.abs(n);
  if (needsExponent(size)) return exponential(n);
  if (Number.isInteger(n)) return GROUPED.format(n);
  const [whole = '0', fraction] = trimZeros(plain(Number(n.toPrecision(6)))).split('.');
  const grouped = GROUPED.format(BigInt(whole));
  const sign = whole === '-0' ? '-' : '';
  return fraction === undefined ? sign + grouped : `${sign}${grouped}.${fraction}`;
}

/** Bytes, 1,024 based, three significant figures: `412 B`, `18.0 KiB`, `1.31 MiB`. */
export function bytes(n: Maybe): Measure {
  if (!isKnown(n)) return { value: NOT_KNOWN, unit: '' };
  let scaled = n;
  let step = 0;
  while (step < BYTE_UNITS.length - 1 && Math.abs(scaled) >= 999.5) {
    scaled /= 1024;
    step++;
  }
  const unit = BYTE_UNITS[step] as string;
  if (Math.abs(scaled) >= 999.5) return { value: count(Math.round(scaled)), unit };
  if (step === 0) return { value: GROUPED.format(Math.round(scaled)), unit };
  // Below one of a unit, as 1,000 bytes are, there are two decimals at most.
  return { value: Math.abs(scaled) < 1 ? scaled.toFixed(2) : scaled.toPrecision(3), unit };
}

export function bytesText(n: Maybe): string {
  const { value: text, unit } = bytes(n);
  return unit === '' ? text : `${text} ${unit}`;
}

/**
 * A part of a whole in per cent, with as many decimals as it takes to differ from all and from nothing:
 * `68 %`, `99.97 %`, `0.005 %`.
 */
export function share(part: number, whole: number): string {
  if (!(whole > 0)) return NOT_KNOWN;
  const percent = (part / whole) * 100;
  if (part === 0) return '0 %';
  if (part === whole) return '100 %';
  for (let decimals = percent < 10 ? 1 : 0; decimals <= SHARE_DECIMALS_MAX; decimals++) {
    const text = percent.toFixed(decimals);
    const differs = Number(text) !== 100 && Number(text) !== 0;
    // A share that is close to an end is told with enough figures to say how close.
    const isNear = percent > 99 || percent < 1;
    if (differs && (!isNear || isPrecise(percent, decimals))) return `${trimZeros(text)} %`;
  }
  return percent > 50 ? '> 99.999999 %' : '< 0.000001 %';
}

/** A share with one decimal, for columns: `68.2 %`, `0.1 %`. */
export function shareOfColumn(part: number, whole: number): string {
  if (!(whole > 0)) return NOT_KNOWN;
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(1)} %`;
}

/** `1 context`, `2 contexts`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** How an axis writes its ticks, which are round numbers: `0`, `4k`, `1.5M`, `0.02`. */
export function axis(n: number): string {
  if (!isKnown(n)) return NOT_KNOWN;
  const size = Math.abs(n);
  if (size === 0) return '0';
  if (needsExponent(size)) return exponential(n);
  if (size < COMPACT_FROM && size >= 1000)
    return count(n) === '1,000' ? '1,000' : `${trimZeros(plain(n / 1000))}k`;
  if (size >= COMPACT_FROM) {
    const step = Math.min(COMPACT_UNITS.length - 1, Math.floor(Math.log10(size) / 3));
    return `${trimZeros(plain(Number((n / 1000 ** step).toPrecision(4))))}${COMPACT_UNITS[step]}`;
  }
  return trimZeros(plain(Number(n.toPrecision(4))));
}

function isKnown(n: Maybe): n is number {
  return typeof n === 'number' && Number.isFinite(n);
}

function needsExponent(size: number): boolean {
  return size >= EXPONENT_FROM || (size > 0 && size < EXPONENT_BELOW);
}

// 1.2E18
function exponential(n: number): string {
  const [mantissa = '', exponent = ''] = n.toExponential(1).split('e');
  return `${trimZeros(mantissa)}E${Number(exponent)}`;
}

/** Without an exponent, which `String` uses below 10^-6. */
function plain(n: number): string {
  const text = String(n);
  return text.includes('e') ? n.toFixed(12) : text;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `2.10` is `2.1`, and `11.0` stays. */
function keepOneDecimal(text: string): string {
  return text.replace(/(\.\d+?)0+$/, '$1');
}

/** Whether a figure with so many decimals is within a twentieth of its distance from the nearer end. */
function isPrecise(percent: number, decimals: number): boolean {
  const distance = Math.min(percent, 100 - percent);
  return Math.abs(percent - Number(percent.toFixed(decimals))) <= distance / 10;
}
