/** The figures of a plot as a table: the newest first, at most ROWS_MAX of them. */
import { clock } from '../format/times.ts';
import type { PlotSpec } from './spec.ts';

const ROWS_MAX = 60;

export function PlotTable({ spec, close }: { readonly spec: PlotSpec; readonly close: () => void }) {
  const lines = spec.lines;
  const rows = spec.times
    .map((at, index) => ({ at, index }))
    .slice(-ROWS_MAX)
    .reverse();
  const now = Date.now();
  return (
    <section class="plot-table scroll-x" aria-label={`${spec.label}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">time</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col" class="r">
                <bdi>{label}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, index }) => (
            <tr key={at}>
              <th scope="row">{clock(at * 1000, now)}</th>
              {lines.map((line) => (
                <td key={line.label} class="r">
                  {spec.format(line.values[index] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" class="btn" onClick={close}>
        Close the table
      </button>
    </section>
  );
}
