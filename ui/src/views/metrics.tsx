/**
 * Metrics: all of them, in a list that only has the rows on screen. Search, sort, mark two to compare, open one.
 *
 * The table is a real one: rows that are not drawn are two empty rows as high as they would be.
 * Limits  About 60 rows are in the page, whatever the number of metrics.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { MetricTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { count, plural } from '../format/numbers.ts';
import { nearNames, parseSearch } from '../lib/search.ts';
import { Choices, copyText, Skeleton, usePhone } from '../parts/controls.tsx';
import { Find } from '../parts/find.tsx';
import { Page } from '../parts/page.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { WireText } from '../parts/wire-text.tsx';
import { formatRoute } from '../router.ts';
import { live } from '../state/live.ts';
import { type MetricRows, type RowQuery, useMetricRows } from '../state/metric-rows.ts';
import { change, go, place } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { COLUMNS, MetricCard, MetricRow } from './metric-row.tsx';

const ROW = 30;
const ROW_PHONE = 55;
const HEAD = 32;
const OVERSCAN = 6;
/** Names are suggested out of so many of the busiest. */
const NEAR_AMONG = 500;
const TYPES = ['all', 'counter', 'gauge', 'histogram', 'distribution', 'set'] as const;
type TypeChoice = (typeof TYPES)[number];

export function MetricsView() {
  const { params } = useStore(place);
  const isPhone = usePhone();
  const rowHeight = isPhone ? ROW_PHONE : ROW;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [chosen, setChosen] = useState<string>();
  const [isOver, setOver] = useState(false);
  const [marked, setMarked] = useState<readonly string[]>([]);
  const search = parseSearch(params.q ?? '');
  const query = queryOf(params, search);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
  const visible = Math.ceil(view.height / rowHeight) + 2 * OVERSCAN;
  const isHeld = isOver || chosen !== undefined;
  const rows = useMetricRows(query, first, first + visible, isHeld);
  const total = rows.total ?? 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const see = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    see();
    const observer = new ResizeObserver(see);
    observer.observe(element);
    element.addEventListener('scroll', see, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', see);
    };
  }, []);
  useEffect(() => {
    box.current?.scrollTo({ top: 0 });
    setChosen(undefined);
  }, [query.search, query.type, query.sort, query.order]);

  const open = (name: string): void => go('metrics', name);
  const move = (by: number): void => {
    const at = chosen === undefined ? -1 : indexOf(rows, chosen, first, first + visible + 400);
    const next = at < 0 ? Math.ceil(view.top / rowHeight) : Math.max(0, Math.min(total - 1, at + by));
    const row = rows.row(next);
    if (row === undefined) return;
    setChosen(row.name);
    keepInView(box.current, next * rowHeight, rowHeight, isPhone ? 0 : HEAD);
  };
  const mark = (name: string): void =>
    setMarked(marked.includes(name) ? marked.filter((one) => one !== name) : [...marked, name].slice(-2));
  const sortBy = (sort: string): void => {
    const isReversed = query.sort === sort && query.order === undefined;
    change({ sort: sort === 'rate' ? undefined : sort, order: isReversed ? 'asc' : undefined });
  };
  useKeys((key) => {
    const column = key.startsWith('s ') ? COLUMNS.find(({ letter }) => letter === key.slice(2)) : undefined;
    if (column?.sort !== undefined) sortBy(column.sort);
    else if (key === 'S') sortBy(query.sort);
    else if (key === 'j' || key === 'ArrowDown') move(1);
    else if (key === 'k' || key === 'ArrowUp') move(-1);
    else if (key === 'PageDown') move(20);
    else if (key === 'PageUp') move(-20);
    else if (key === 'Enter' && chosen !== undefined) open(chosen);
    else if (key === ' ' && chosen !== undefined) mark(chosen);
    else if (key === 'y' && chosen !== undefined) void copyText(chosen);
    else if (key === 'c' && marked.length === 2) go('metrics', marked[0], { compare: marked[1] });
    else if (key === 'Escape' && chosen !== undefined) setChosen(undefined);
    else if (key === 'Escape' && (params.q ?? '') !== '') change({ q: undefined });
    else return false;
    return true;
  });

  const all = useStore(live.shown)?.metrics ?? total;
  const indexes = Array.from(
    { length: Math.max(0, Math.min(first + visible, total) - first) },
    (_, n) => first + n,
  );
  const isNothing = rows.total === 0;
  return (
    <Page name="Metrics" title={<h1>Metrics</h1>} isFlush>
      <div class="tool">
        <Find
          value={params.q ?? ''}
          label="Search metrics"
          placeholder={`Search ${plural(all, 'metric')}`}
          change={(q) => change({ q })}
        />
        <Choices<TypeChoice>
          label="Type"
          choices={TYPES.map((value) => ({ value, label: value }))}
          value={TYPES.find((one) => one === params.type) ?? 'all'}
          choose={(type) => change({ type: type === 'all' ? undefined : type })}
          hideOnPhone
        />
        {isPhone ? (
          <SortOnPhone query={query} sortBy={sortBy} />
        ) : (
          <MarkHint marked={marked} clear={() => setMarked([])} />
        )}
      </div>
      {isNothing && rows.error === undefined ? (
        <NothingFound query={query} text={params.q ?? ''} />
      ) : (
        <div
          ref={box}
          class="list"
          tabIndex={0}
          role="region"
          aria-label="List of metrics"
          onPointerEnter={(event) => setOver(event.pointerType === 'mouse')}
          onPointerLeave={() => setOver(false)}
        >
          {rows.total === undefined ? (
            rows.error === undefined ? (
              <Skeleton />
            ) : (
              <p class="missing lo">{rows.error}</p>
            )
          ) : isPhone ? (
            <div style={{ height: `${total * rowHeight}px`, paddingTop: `${first * rowHeight}px` }}>
              {indexes.map((index) => (
                <MetricCard key={index} row={rows.row(index)} open={open} />
              ))}
            </div>
          ) : (
            <table class="pad metrics-table" aria-rowcount={total + 1}>
              <colgroup>
                {COLUMNS.map(({ name, width }) => (
                  <col key={name} style={width === 0 ? {} : { width: `${width}px` }} />
                ))}
              </colgroup>
              <thead>
                <tr aria-rowindex={1}>
                  {COLUMNS.map((column) => (
                    <ColumnHead key={column.name} column={column} query={query} sortBy={sortBy} />
                  ))}
                </tr>
              </thead>
              <tbody>
                <Spacer rows={first} />
                {indexes.map((index) => {
                  const row = rows.row(index);
                  return (
                    <MetricRow
                      key={index}
                      index={index}
                      row={row}
                      words={search.words}
                      isChosen={row !== undefined && row.name === chosen}
                      isMarked={row !== undefined && marked.includes(row.name)}
                      open={open}
                    />
                  );
                })}
                <Spacer rows={total - first - indexes.length} />
              </tbody>
            </table>
          )}
        </div>
      )}
      <Foot
        rows={rows}
        top={view.top}
        height={view.height}
        rowHeight={rowHeight}
        isHeld={isHeld}
        isPhone={isPhone}
      />
    </Page>
  );
}

function queryOf(params: Readonly<Record<string, string>>, search: ReturnType<typeof parseSearch>): RowQuery {
  const { words, fields } = search;
  const rest = Object.entries(fields).flatMap(([field, values]) =>
    field === 'type' ? [] : (values ?? []).map((one) => `${field}:${one}`),
  );
  const sort = COLUMNS.find((column) => column.sort === params.sort)?.sort ?? 'rate';
  return {
    search: [...words, ...rest].join(' '),
    type: fields.type?.[0] ?? (params.type === undefined || params.type === 'all' ? '' : params.type),
    sort,
    order: params.order === 'asc' ? 'asc' : undefined,
  };
}

/** Whether values grow from top to bottom: names as usual, everything else turned round. */
function isAscending({ sort, order }: RowQuery): boolean {
  return (sort === 'name') === (order === undefined);
}

interface SortProps {
  readonly query: RowQuery;
  readonly sortBy: (sort: string) => void;
}

function ColumnHead({ column, query, sortBy }: SortProps & { readonly column: (typeof COLUMNS)[number] }) {
  const { sort, name, isRight, letter, cellClass = '' } = column;
  const className = `${isRight ? 'r' : ''} ${cellClass}`;
  if (sort === undefined)
    return (
      <th scope="col" class={className}>
        {name}
      </th>
    );
  const isActive = query.sort === sort;
  const isUp = isAscending(query);
  return (
    <th scope="col" class={className} aria-sort={isActive ? (isUp ? 'ascending' : 'descending') : 'none'}>
      <button type="button" onClick={() => sortBy(sort)} title={`sort: s ${letter}`}>
        {name}
        {isActive && (isUp ? ' ↑' : ' ↓')}
      </button>
    </th>
  );
}

const PHONE_SORTS = ['rate', 'contexts', 'bytes', 'name', 'last-seen'];

/** One button that goes through the orders. */
function SortOnPhone({ query, sortBy }: SortProps) {
  const next = PHONE_SORTS[(PHONE_SORTS.indexOf(query.sort) + 1) % PHONE_SORTS.length] as string;
  return (
    <button
      type="button"
      class="btn"
      onClick={() => sortBy(next)}
      aria-label={`Sorted by ${query.sort}. Sort by ${next}`}
    >
      {query.sort === 'last-seen' ? 'seen' : query.sort} {isAscending(query) ? '↑' : '↓'}
    </button>
  );
}

function MarkHint({ marked, clear }: { readonly marked: readonly string[]; readonly clear: () => void }) {
  const [first, second] = marked;
  if (first === undefined) {
    return (
      <span class="push fa sm nw wide-hint">
        <kbd>space</kbd> mark, <kbd>c</kbd> compare
      </span>
    );
  }
  return (
    <span class="push sm nw marks">
      <span class="mu">{second === undefined ? 'Mark one more to compare' : 'Two marked'}</span>
      {second !== undefined && (
        <a class="btn pri" href={formatRoute('metrics', first, { compare: second })}>
          Compare <kbd>c</kbd>
        </a>
      )}
      <button type="button" class="btn" onClick={clear}>
        Clear
      </button>
    </span>
  );
}

function Spacer({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td colSpan={COLUMNS.length} style={{ height: `${rows * ROW}px` }} />
    </tr>
  );
}

function NothingFound({ query, text }: { readonly query: RowQuery; readonly text: string }) {
  const { data } = useResource<TopAnswer<MetricTraffic>>(`/api/top?by=samples&limit=${NEAR_AMONG}`, 3);
  const near = nearNames(
    text,
    (data?.rows ?? []).map(({ name }) => name),
  );
  if (text === '' && query.type === '') {
    return (
      <div class="list missing">
        <p class="b">No metrics yet.</p>
        <p class="mu">
          Press <kbd>n</kbd> for how to send one.
        </p>
      </div>
    );
  }
  return (
    <div class="list missing" role="status">
      <p class="b">
        No {query.type === '' ? 'metric' : query.type} holds “<WireText text={text} max={80} />
        ”.
      </p>
      <p class="mu">
        {near.length > 0 && (
          <>
            Near:{' '}
            {near.map((name, at) => (
              <span key={name}>
                {at > 0 && ', '}
                <a href={formatRoute('metrics', name)}>
                  <WireText text={name} max={80} />
                </a>
              </span>
            ))}
            .{' '}
          </>
        )}
        <kbd>esc</kbd> clears.
      </p>
    </div>
  );
}

interface FootProps {
  readonly rows: MetricRows;
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly isHeld: boolean;
  readonly isPhone: boolean;
}

function Foot({ rows, top, height, rowHeight, isHeld, isPhone }: FootProps) {
  const contexts = useStore(live.shown)?.contexts;
  const total = rows.total ?? 0;
  const start = Math.floor(top / rowHeight) + 1;
  const end = Math.min(total, Math.floor((top + height - (isPhone ? 0 : HEAD)) / rowHeight));
  const left = rows.bounds?.leftOut ?? null;
  return (
    <div class="foot">
      <span>
        {isPhone
          ? plural(total, 'metric')
          : total === 0
            ? '0 metrics'
            : `${count(start)} to ${count(Math.max(start, end))} of ${plural(total, 'metric')}`}
        {isPhone && contexts !== undefined && `, ${plural(contexts, 'context')}`}
      </span>
      {!isPhone && contexts !== undefined && <span>{plural(contexts, 'context')}</span>}
      {left !== null && (
        <span class="wa" title={`${left.why} Raise ${left.raise}.`}>
          {count(left.count)} left out: {left.why}
        </span>
      )}
      {isHeld && <span>order held</span>}
      <span class="push hide">
        <kbd>j</kbd> <kbd>k</kbd> move, <kbd>enter</kbd> open, <kbd>s</kbd> sort, <kbd>esc</kbd> clear
      </span>
    </div>
  );
}

function indexOf(rows: MetricRows, name: string, start: number, end: number): number {
  for (let index = Math.max(0, start - 400); index < end; index++)
    if (rows.row(index)?.name === name) return index;
  return -1;
}

function keepInView(box: HTMLElement | null, top: number, height: number, head: number): void {
  if (box === null) return;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height + head > box.scrollTop + box.clientHeight)
    box.scrollTop = top + height + head - box.clientHeight;
}
