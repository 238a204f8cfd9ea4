/**
 * The order in which people list names: digits by the number they write, everything else by character.
 *
 *   a2 before a10, a10 before b1; 007 before 7
 */
const ZERO = 48;
const NINE = 57;

/** Below 0 when `a` comes first. */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(j)];
    if (isDigit(x) && isDigit(y)) {
      const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
      const order = compareDigits(a.slice(i, endA), b.slice(j, endB));
      if (order !== 0) return order;
      i = endA;
      j = endB;
    } else if (x !== y) return x - y;
    else {
      i++;
      j++;
    }
  }
  const rest = a.length - i - (b.length - j);
  // Equal as numbers: 7 and 007.
  return rest !== 0 ? rest : a < b ? -1 : a > b ? 1 : 0;
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}
