/** A row of the list of metrics, on a desk and on a phone, and the columns it has. */
import type { MetricTraffic, ValueSummary } from '../../../src/model/live/traffic-views.ts';
import { count, percentile, plural, rate, value } from '../format/numbers.ts';
import { age } from '../format/times.ts';
import { Bytes } from '../parts/controls.tsx';
import { Marked, WireText } from '../parts/wire-text.tsx';
import { Spark, wholeCells } from '../plots/spark.tsx';
import { formatRoute } from '../router.ts';
import { live } from '../state/live.ts';

interface Column {
  readonly name: string;
  /** 0 takes what is left. */
  readonly width: number;
  readonly sort?: string;
  /** The key after `s`. */
  readonly letter?: string;
  readonly isRight?: boolean;
  readonly cellClass?: string;
}

export const COLUMNS: readonly Column[] = [
  { name: 'metric', width: 0, sort: 'name', letter: 'n', cellClass: 'name-cell' },
  { name: 'type', width: 96 },
  { name: '5 min', width: 98, cellClass: 'mid' },
  { name: 'samples/s', width: 82, sort: 'rate', letter: 'r', isRight: true },
  { name: 'value of the last bucket', width: 300, cellClass: 'value-cell' },
  { name: 'contexts', width: 80, sort: 'contexts', letter: 'c', isRight: true },
  { name: 'bytes', width: 96, sort: 'bytes', letter: 'b', isRight: true },
  { name: 'seen', width: 62, sort: 'last-seen', letter: 'l', isRight: true },
];

/** More contexts than this are worth a second look. */
const MANY_CONTEXTS = 10_000;
/** New contexts a minute from which on a metric grows. */
const GROWS_FROM = 100;
const SPARK_WIDTH = 84;
const SPARK_WIDTH_PHONE = 72;

interface RowProps {
  readonly index: number;
  /** Undefined while its page is on the way. */
  readonly row: MetricTraffic | undefined;
  readonly words: readonly string[];
  readonly isChosen: boolean;
  readonly isMarked: boolean;
  readonly open: (name: string) => void;
}

export function MetricRow({ index, row, words, isChosen, isMarked, open }: RowProps) {
  if (row === undefined) {
    return (
      <tr aria-rowindex={index + 2}>
        <td colSpan={COLUMNS.length}>
          <i class="bar-of-row" />
        </td>
      </tr>
    );
  }
  const isIdle = row.rates.s10 === 0;
  return (
    <tr
      class={isChosen ? 'click sel' : 'click'}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      onClick={(event) => {
        if (!(event.target instanceof Element && event.target.closest('a'))) open(row.name);
      }}
    >
      <td class="name-cell">
        <span class="name-line">
          {isMarked && <i class="dot ac" title="marked" />}
          <a
            class={isIdle ? 'mn plain mu el' : 'mn plain el'}
            href={formatRoute('metrics', row.name)}
            title={row.name.slice(0, 400)}
          >
            <Marked text={row.name} words={words} />
          </a>
          <Chips row={row} />
        </span>
      </td>
      <td class="ty">{row.types[0]}</td>
      <td class="mid">
        <Spark values={wholeCells(row.spark)} width={SPARK_WIDTH} />
      </td>
      <td class={isIdle ? 'r fa' : 'r b'}>{rate(row.rates.s10)}</td>
      <td class="value-cell el">
        <LastValue last={row.last} />
      </td>
      <td class={row.contexts >= MANY_CONTEXTS ? 'r wa b' : 'r'}>{count(row.contexts)}</td>
      <td class={row.bytesPerSecond === 0 ? 'r fa' : 'r'}>
        <Bytes n={row.bytesPerSecond} perSecond />
      </td>
      <td class="r fa">{age(seenAgo(row))}</td>
    </tr>
  );
}

export function MetricCard({
  row,
  open,
}: {
  readonly row: MetricTraffic | undefined;
  readonly open: (name: string) => void;
}) {
  if (row === undefined) return <div class="row2 card-row" />;
  return (
    <div class="row2 card-row" onClick={() => open(row.name)}>
      <a class="mn plain el" href={formatRoute('metrics', row.name)}>
        <WireText text={row.name} max={120} />
      </a>
      <div>
        <Spark values={wholeCells(row.spark)} width={SPARK_WIDTH_PHONE} />
      </div>
      <div class="sub el">
        <LastValue last={row.last} isNarrow /> <Chips row={row} />
      </div>
      <div class="sm mu nw">{plural(row.contexts, 'context')}</div>
    </div>
  );
}

function Chips({ row }: { readonly row: MetricTraffic }) {
  return (
    <>
      {row.newPerMinute >= GROWS_FROM && <span class="chip wa">grows</span>}
      {row.types.length > 1 && (
        <span class="chip wa" title={row.types.join(', ')}>
          {row.types.length} types
        </span>
      )}
      {row.overLimit > 0 && <span class="chip wa">over a limit</span>}
    </>
  );
}

/** What the last bucket came to: a total, the last value, how many distinct ones, or three percentiles. */
export function LastValue({
  last,
  isNarrow = false,
}: {
  readonly last: ValueSummary | null;
  readonly isNarrow?: boolean;
}) {
  if (last === null) return <span class="fa">–</span>;
  if (last.type === 'histogram' || last.type === 'distribution') {
    const cells = [
      ['p50', last.value],
      ['p95', last.p95],
      ['p99', last.p99],
    ] as const;
    return (
      <span class={isNarrow ? 'pc narrow' : 'pc'}>
        {cells.map(([name, n]) => (
          <span key={name}>
            <i>{name}</i>
            {percentile(n)}
          </span>
        ))}
      </span>
    );
  }
  if (last.type === 'counter' && last.value === 0) return <span class="fa">0</span>;
  const word = last.type === 'counter' ? 'total' : last.type === 'set' ? 'distinct' : 'last';
  return (
    <span class="pc one">
      <span>
        <i>{word}</i>
        {value(last.value)}
      </span>
    </span>
  );
}

/** By the clock of the server. */
function seenAgo({ lastSeen }: MetricTraffic): number {
  return Math.max(0, (live.shown.value?.at ?? Date.now() / 1000) - lastSeen);
}
