/** What a plot shows: plain data, made by the views. */
import type { HeatMap } from '../../../src/model/live/series-views.ts';
import type { ColourName } from './colour-names.ts';

export type Values = readonly (number | null)[];

export interface PlotLine {
  readonly label: string;
  /** One for each of `times`; null is a gap. */
  readonly values: Values;
  readonly colour: ColourName;
  readonly dash?: readonly number[];
  readonly width?: number;
  /** How strongly the area below is filled, 0 to 1. */
  readonly fill?: number;
  /** Name at the right end, in the colour of the line. */
  readonly endLabel?: string;
  /** Drawn, but not as a line of its own: the edge of a band. */
  readonly isEdge?: boolean;
}

export interface PlotMark {
  readonly at: number;
  readonly label: string;
}

export interface PlotSpec {
  /** What it is a plot of, for those who do not see it, and its last figures. */
  readonly label: string;
  readonly summary: string;
  /** Unix seconds, ascending: the start of each cell. */
  readonly times: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly lines: readonly PlotLine[];
  /** Each line stands on the sum of those before it. */
  readonly isStacked?: boolean;
  readonly isLog?: boolean;
  /** The axis begins at zero. */
  readonly fromZero?: boolean;
  readonly height: number;
  readonly leftWidth?: number;
  readonly marks?: readonly PlotMark[];
  /** Red marks on the axis, with their number. */
  readonly lossMarks?: readonly PlotMark[];
  readonly heat?: HeatMap | null;
  /** Between two lines, by their index. */
  readonly band?: readonly [upper: number, lower: number];
  readonly format: (value: number | null) => string;
  readonly formatAxis: (value: number) => string;
  /** Further rows of the box under the cursor. */
  readonly extra?: readonly {
    readonly label: string;
    readonly values: Values;
    readonly format: (value: number | null) => string;
  }[];
  /** Plots with the same key have one cursor. */
  readonly syncKey?: string;
}

/** The sums of a stack, from the bottom: line n with everything below it. A gap of one is a gap of all above. */
export function stack(lines: readonly Pick<PlotLine, 'values'>[]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  for (const { values } of lines) {
    const below = sums.at(-1);
    sums.push(
      values.map((one, at) => {
        const under = below === undefined ? 0 : (below[at] ?? null);
        return one === null || under === null ? null : one + under;
      }),
    );
  }
  return sums;
}
