/**
 * Plots out of characters.
 *
 *   sparkline  ▁▂▅█      area  ⣀⣴⣿ (braille, two columns and four rows a character)      heat map  ░▒▓█
 *
 * In ASCII: # for the same.
 */
const BLOCKS = '▁▂▃▄▅▆▇█';
const SHADES = ' ░▒▓█';
const BRAILLE = 0x2800;
/** Dots of the left and the right column of a character, from the bottom. */
const DOTS = [
  [0x40, 0x04, 0x02, 0x01],
  [0x80, 0x20, 0x10, 0x08],
] as const;

export type Points = readonly (number | null)[];

/** One character a value; empty where nothing is known. Begins at zero. */
export function sparkline(values: Points, width: number, ascii = false): string {
  const cells = resample(values, width);
  const most = maxOf(cells);
  return cells
    .map((value) => {
      if (value === null || most === 0 || value <= 0) return ' ';
      const level = Math.min(7, Math.max(0, Math.ceil((value / most) * 8) - 1));
      return ascii ? '#' : (BLOCKS[level] as string);
    })
    .join('');
}

/** A filled area of `height` lines, the highest first; `top` is the value of the upper edge. */
export function area(values: Points, width: number, height: number, top: number, ascii = false): string[] {
  const columns = ascii ? width : width * 2;
  const levels = height * (ascii ? 1 : 4);
  const heights = resample(values, columns).map((value) =>
    value === null || top <= 0 || value <= 0
      ? 0
      : Math.min(levels, Math.max(1, Math.round((value / top) * levels))),
  );
  return picture(width, height, ascii, (x, level) => (heights[x] ?? 0) > level);
}

/** Lines of several series between `low` and `high`. */
export function lines(
  series: readonly Points[],
  width: number,
  height: number,
  [low, high]: readonly [number, number],
  ascii = false,
): string[] {
  const columns = ascii ? width : width * 2;
  const levels = height * (ascii ? 1 : 4);
  const rows = series.map((values) =>
    resample(values, columns).map((value) =>
      value === null || high <= low ? -1 : Math.round(((value - low) / (high - low)) * (levels - 1)),
    ),
  );
  const isSet = (x: number, level: number): boolean =>
    rows.some((row) => {
      const here = row[x] ?? -1;
      const before = x > 0 ? (row[x - 1] ?? -1) : here;
      if (here < 0) return false;
      // Steep parts are joined, so that a line stays one.
      const from = before < 0 ? here : Math.min(here, before + Math.sign(here - before));
      return level >= Math.min(from, here) && level <= Math.max(from, here);
    });
  return picture(width, height, ascii, isSet);
}

/** Rows of a heat map, the highest values first; `cells` by time, each with counts from low to high. */
export function heatRows(
  cells: readonly (readonly number[] | null)[],
  width: number,
  height: number,
  ascii = false,
): string[] {
  const rows = cells.find((cell) => cell !== null)?.length ?? 0;
  const grid = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  cells.forEach((cell, i) => {
    const start = Math.floor((i * width) / cells.length);
    const end = Math.max(start + 1, Math.floor(((i + 1) * width) / cells.length));
    cell?.forEach((count, row) => {
      const line = grid[height - 1 - Math.floor((row * height) / rows)];
      if (line === undefined) return;
      for (let x = start; x < end; x++) line[x] = (line[x] ?? 0) + count;
    });
  });
  // By column, so that a busy minute does not wash out a quiet one.
  const most = Array.from({ length: width }, (_, x) => Math.max(...grid.map((line) => line[x] ?? 0)));
  return grid.map((line) =>
    line
      .map((count, x) => {
        if (count <= 0) return ' ';
        const level = Math.min(4, Math.max(1, Math.ceil(Math.sqrt(count / (most[x] || 1)) * 4)));
        return ascii ? ('.-+#'[level - 1] as string) : (SHADES[level] as string);
      })
      .join(''),
  );
}

/** A round number not below `value`. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8].find((one) => one * power >= value * 0.999999) ?? 10;
  // 3 times 0.1 is not 0.3.
  return Number((step * power).toPrecision(2));
}

/** `count` values out of any number of them: means of those that fall together, the nearest where there are fewer. */
export function resample(values: Points, count: number): (number | null)[] {
  if (values.length === 0) return new Array<null>(count).fill(null);
  return Array.from({ length: count }, (_, i) => {
    const from = (i * values.length) / count;
    const to = ((i + 1) * values.length) / count;
    const inside = values.slice(Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to - 1e-9)));
    const known = inside.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

function picture(
  width: number,
  height: number,
  ascii: boolean,
  isSet: (x: number, level: number) => boolean,
): string[] {
  return Array.from({ length: height }, (_, line) => {
    const bottom = height - 1 - line;
    let text = '';
    for (let x = 0; x < width; x++) {
      if (ascii) {
        text += isSet(x, bottom) ? '#' : ' ';
        continue;
      }
      let dots = 0;
      DOTS.forEach((column, side) => {
        column.forEach((dot, level) => {
          if (isSet(x * 2 + side, bottom * 4 + level)) dots |= dot;
        });
      });
      text += dots === 0 ? ' ' : String.fromCharCode(BRAILLE + dots);
    }
    return text;
  });
}

function maxOf(values: Points): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}
