/**
 * Stored results of simulations, which later runs are compared with.
 *
 *   [series, series, …]                                 of a case on its own
 *   { "cases": [{ "id": "…", "expect": [series] }] }    of a file with cases
 *
 * Files with the cases themselves can be compared with too, but never written over.
 */

import type { SimulatedSeries } from '../../inspect/simulate/simulate-series.ts';
import { SimulateInputError } from '../../inspect/simulate/simulate-timeline.ts';

export interface CaseResult {
  readonly id: string | undefined;
  readonly series: readonly SimulatedSeries[];
}

/** Writes results as JSON, one series a line, so that a change shows as changed lines. */
export function writeResults(results: readonly CaseResult[]): string {
  const [first] = results;
  if (first !== undefined && first.id === undefined) return `${writeSeries(first.series)}\n`;
  const cases = results.map(
    ({ id, series }) => `{"id":${JSON.stringify(id)},"expect":${writeSeries(series)}}`,
  );
  return `{"cases":[\n${cases.join(',\n')}\n]}\n`;
}

/** Reads stored results, or the `expect` of cases. Throws SimulateInputError. */
export function readGolden(text: string): readonly CaseResult[] {
  const root = parse(text);
  if (Array.isArray(root)) return [{ id: undefined, series: checkSeries(root) }];
  if (isMap(root) && Array.isArray(root.cases))
    return root.cases.map((one: unknown, i) => {
      if (isMap(one) && typeof one.id === 'string' && Array.isArray(one.expect))
        return { id: one.id, series: checkSeries(one.expect) };
      throw new SimulateInputError(`cases[${i}] of the golden file has no id or no expect`);
    });
  if (isMap(root) && Array.isArray(root.expect)) return [{ id: undefined, series: checkSeries(root.expect) }];
  throw new SimulateInputError('the golden file is no stored result');
}

/** Whether `--update` may write over a file with this text. */
export function isReplaceable(text: string): boolean {
  if (text.trim() === '') return true;
  try {
    const root = parse(text);
    if (Array.isArray(root)) return true;
    return (
      isMap(root) && Array.isArray(root.cases) && root.cases.every((one) => isMap(one) && !('samples' in one))
    );
  } catch {
    return false;
  }
}

/** As far as a comparison relies on it. */
function checkSeries(list: readonly unknown[]): readonly SimulatedSeries[] {
  const isSeries = (one: unknown): one is SimulatedSeries =>
    isMap(one) &&
    typeof one.name === 'string' &&
    Array.isArray(one.tags) &&
    Array.isArray(one.points ?? []) &&
    Array.isArray(one.sketches ?? []);
  if (list.every(isSeries)) return list;
  throw new SimulateInputError('the golden file holds something that is no series');
}

function writeSeries(series: readonly SimulatedSeries[]): string {
  if (series.length === 0) return '[]';
  return `[\n${series.map((one) => JSON.stringify(one)).join(',\n')}\n]`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SimulateInputError(`the golden file is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
