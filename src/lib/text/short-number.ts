/**
 * Numbers for people, short and steady: the same width whenever they can, a unit when it is needed, never a made-up
 * precision. What is not known is `–`, never 0.
 *
 *   counts     1,234,567   98.91M        rates   3,912   96.0   0.3   0.04
 *   values     11.8   84.2   1,840       bytes   412 B   18.0 KiB   1.31 MiB
 */
export const UNKNOWN = '–';

const SUFFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** A whole number in at most `columns` (5 or more): grouped while that fits, then `12.4k`, `98.91M`. */
export function formatCount(value: number | null, columns = 9): string {
  if (value === null) return UNKNOWN;
  const whole = Math.round(value);
  const grouped = group(Math.abs(whole));
  const sign = whole < 0 ? '-' : '';
  return sign.length + grouped.length <= columns ? sign + grouped : shorten(value, columns);
}

/** Per second. */
export function formatRate(value: number | null, columns = 7): string {
  if (value === null) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.001) return '<0.001';
  if (size < 0.095) return trimmed(value.toPrecision(1));
  if (size < 9.95) return value.toFixed(1);
  if (size < 99.95) return value.toFixed(1);
  return formatCount(value, columns);
}

/** A measured value: three significant figures below 1,000 when `rounded`, whole numbers whole, up to six otherwise. */
export function formatValue(value: number | null, columns = 8, rounded = false): string {
  if (value === null || Number.isNaN(value)) return UNKNOWN;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  const size = Math.abs(value);
  if (size >= 1e15) return scientific(value, columns).toUpperCase();
  if (size !== 0 && size < 1e-4) return scientific(value, columns);
  const exact = rounded ? threeFigures(value) : sixFigures(value);
  return exact.length <= columns ? exact : shorten(value, columns);
}

/** Of 1,024. */
export function formatBytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value < 1023.5) return `${Math.round(value)} B`;
  let size = value;
  let unit = -1;
  while (size >= 1023.5 && unit < 3) {
    size /= 1024;
    unit++;
  }
  return `${Number(size.toPrecision(3)).toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)} ${'KMGT'[unit]}iB`;
}

/** How long ago: `now`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 1) return 'now';
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Two units at most: `2 h 13 min`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

/** `12:04:31`, local. */
export function formatClock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

// 39120 ─▶ 39.1k, 214300000 ─▶ 214.3M
function shorten(value: number, columns: number): string {
  const size = Math.abs(value);
  let unit = Math.max(1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  if (unit >= SUFFIXES.length) return scientific(value, columns).toUpperCase();
  for (let digits = Math.min(2, columns); digits >= 0; digits--) {
    let text = (value / 1000 ** unit).toFixed(digits);
    if (Math.abs(Number(text)) >= 1000 && unit + 1 < SUFFIXES.length)
      text = (value / 1000 ** ++unit).toFixed(digits);
    // Four figures at most: 98.91M, 214.3M, 1,204M would be 1.2G.
    if (text.replace(/[-.]/g, '').length <= 4 && text.length + 1 <= columns) return text + SUFFIXES[unit];
  }
  return (value / 1000 ** unit).toFixed(0) + SUFFIXES[unit];
}

// 1.2e18 ─▶ 1e18 where that is too wide ─▶ 0, which something so small nearly is
function scientific(value: number, columns: number): string {
  const texts = [1, 0].map((digits) => value.toExponential(digits).replace('+', ''));
  return texts.find((text) => text.length <= columns) ?? (Math.abs(value) < 1 ? '0' : (texts[1] as string));
}

function threeFigures(value: number): string {
  const size = Math.abs(value);
  if (size >= 999.5 || value === 0) return group3(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return trimmed(value.toPrecision(3));
}

function sixFigures(value: number): string {
  if (Number.isInteger(value)) return group3(value);
  const text = trimmed(value.toPrecision(6));
  const [whole = '0', fraction] = text.split('.');
  return fraction === undefined ? group3(Number(whole)) : `${group3(Number(whole), value < 0)}.${fraction}`;
}

function group3(value: number, isNegative = value < 0): string {
  const text = group(Math.abs(Math.round(value)));
  return isNegative ? `-${text}` : text;
}

function group(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}

// 0.30 ─▶ 0.3
function trimmed(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
