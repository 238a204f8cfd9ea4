/** The contexts of a metric, busiest first: tags, a small line, rate and values. */
import { useMemo } from 'preact/hooks';
import type { SeriesAnswer, SeriesColumns, SeriesRow } from '../../../src/model/live/series-views.ts';
import type { ContextTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { count, percentile, plural, rate, value } from '../format/numbers.ts';
import { isPercentiles, lastOf } from '../lib/series-plot.ts';
import { Missing, usePhone } from '../parts/controls.tsx';
import { Tags } from '../parts/wire-text.tsx';
import { Spark } from '../plots/spark.tsx';
import { formatRoute } from '../router.ts';
import { queryOf } from '../state/live.ts';
import { useResource } from '../state/resource.ts';

const SHOWN = 50;
const SPARK_WIDTH = 84;
const SPARK_CELLS = 60;
/** Series that are asked for: the busiest, which are at the top of the table. */
const SERIES_SHOWN = 50;

interface Props {
  readonly name: string;
  readonly type: string | undefined;
  readonly total: number | undefined;
  readonly range: number;
}

export function ContextsTable({ name, type, total, range }: Props) {
  const isPhone = usePhone();
  const { data, error } = useResource<TopAnswer<ContextTraffic>>(
    `/api/top?${queryOf({ by: 'context', metric: name, type, limit: SHOWN })}`,
    5,
  );
  // Small lines of the busiest; the same answer serves all of them.
  const { data: series } = useResource<SeriesAnswer>(
    type === undefined
      ? undefined
      : `/api/series?${queryOf({ metric: name, range, type, limit: SERIES_SHOWN })}`,
    10,
  );
  const lines = useMemo(() => new Map((series?.rows ?? []).map((row) => [seriesKey(row), row])), [series]);
  const common = useMemo(() => commonTags(data?.rows ?? []), [data]);
  if (data === undefined) return error === undefined ? null : <Missing title={error.message} />;
  const rows = data.rows;
  const hasPercentiles = type !== undefined && isPercentiles(type);
  const left = Math.max(0, (total ?? data.total) - rows.length);
  return (
    <section class="sec">
      <h2>
        Contexts <small>{plural(total ?? data.total, 'context')}, busiest first</small>
        <a class="go" href={formatRoute('tail', undefined, { q: `name:${name}` })}>
          tail these lines
        </a>
      </h2>
      {isPhone ? (
        rows.map((row) => (
          <div class="row2" key={keyOf(row)}>
            <div class="m wrap">
              <Tags tags={withHost(row)} common={common} />
            </div>
            <div class="b nw">
              {rate(row.rates?.s10)}
              <span class="unit">/s</span>
            </div>
          </div>
        ))
      ) : (
        <div class="scroll-x">
          <table class="contexts-table">
            <thead>
              <tr>
                <th scope="col">tags</th>
                <th scope="col" class="spark-cell">
                  {range === 300 ? '5 min' : range === 1800 ? '30 min' : '1 h'}
                </th>
                <th scope="col" class="r" aria-sort="descending">
                  <span class="so">samples/s ↓</span>
                </th>
                {hasPercentiles ? (
                  <>
                    <th scope="col" class="r num">
                      p50
                    </th>
                    <th scope="col" class="r num">
                      p95
                    </th>
                    <th scope="col" class="r num">
                      p99
                    </th>
                  </>
                ) : (
                  <th scope="col" class="r num">
                    last bucket
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <ContextLine
                  key={keyOf(row)}
                  row={row}
                  series={lines.get(seriesKey(row))}
                  common={common}
                  hasPercentiles={hasPercentiles}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {left > 0 && <p class="sm fa">{count(left)} more are not listed.</p>}
      {series !== undefined && series.held.leftOut !== '' && <p class="sm fa">{series.held.leftOut}</p>}
    </section>
  );
}

interface LineProps {
  readonly row: ContextTraffic;
  /** What the history holds of it. */
  readonly series: SeriesRow | undefined;
  readonly common: ReadonlySet<string>;
  readonly hasPercentiles: boolean;
}

function ContextLine({ row, series, common, hasPercentiles }: LineProps) {
  const columns = series?.columns;
  const spark = useMemo(() => (columns === undefined ? undefined : sparkOf(columns)), [columns]);
  const lastOfColumn = (key: keyof SeriesColumns): number | null => lastOf(columns?.[key] ?? []);
  return (
    <tr>
      <td class="m el">
        <Tags tags={withHost(row)} common={common} />
        {row.overLimit && <span class="chip wa">over a limit</span>}
      </td>
      <td class="spark-cell">{spark !== undefined && <Spark values={spark} width={SPARK_WIDTH} />}</td>
      <td class={row.rates?.s10 === 0 ? 'r fa' : 'r b'}>{rate(row.rates?.s10)}</td>
      {hasPercentiles ? (
        <>
          <td class="r">{percentile(row.last?.value ?? lastOfColumn('p50'))}</td>
          <td class="r">{percentile(row.last?.p95 ?? lastOfColumn('p95'))}</td>
          <td class="r">{percentile(row.last?.p99 ?? lastOfColumn('p99'))}</td>
        </>
      ) : (
        <td class="r">{value(row.last?.value ?? lastOfColumn('sum') ?? lastOfColumn('value'))}</td>
      )}
    </tr>
  );
}

/** The host is shown as a tag where it tells contexts apart. */
function withHost({ tags, host }: ContextTraffic): string[] {
  return host === '' ? [...tags] : [...tags, `host:${host}`];
}

/** Tags that every row has: nothing is told by them. */
function commonTags(rows: readonly ContextTraffic[]): ReadonlySet<string> {
  const [first, ...others] = rows;
  if (first === undefined || others.length === 0) return new Set();
  return new Set(withHost(first).filter((tag) => others.every((row) => withHost(row).includes(tag))));
}

function sparkOf({ sum, count: samples, value: values }: SeriesColumns): readonly (number | null)[] {
  return thin(sum ?? samples ?? values ?? []);
}

/** At most SPARK_CELLS of a column: more than a small line can show. */
function thin(column: readonly (number | null)[]): readonly (number | null)[] {
  const every = Math.max(1, Math.ceil(column.length / SPARK_CELLS));
  return every === 1 ? column : column.filter((_, at) => at % every === 0);
}

function seriesKey({ tags, host, type }: { tags: readonly string[]; host: string; type: string }): string {
  return [type, host, ...tags].join('\n');
}

function keyOf(row: ContextTraffic): string {
  return `${seriesKey(row)} ${row.overLimit}`;
}
