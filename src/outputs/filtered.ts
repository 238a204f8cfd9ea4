/**
 * An output that gets only some of the metrics, events and checks: those whose name matches one of `match` and that have
 * every one of `tags`.
 *
 *   batch ─▶ filter ─▶ the output          the others are counted as filtered
 *
 * A name is the one that outputs get, after namespace and mapper and before the suffix of an aggregate: `web.time` selects
 * `web.time.max`, too. Events have no name: `match` leaves them alone.
 *
 * Memory  one byte a context: whether it passes is found out once.
 */

import { ColumnTable } from '../lib/column-table.ts';
import { matchesGlob } from '../lib/text/glob.ts';
import type { Context } from '../model/context.ts';
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import { type Outcomes, outcomes } from '../telemetry/ledger/ledger.ts';
import type { FlushInfo, Output } from './output.ts';

export interface OutputFilter {
  /** Patterns of names after namespace and mapper; none is all. */
  readonly match: readonly string[];
  /** Patterns of tags, all of which are needed. */
  readonly tags: readonly string[];
  /** Names of series, with their suffix; none is all. */
  readonly series?: ReadonlySet<ByteString> | undefined;
}

const UNKNOWN = 0;
const PASSES = 1;
const LEFT_OUT = 2;

/** Outputs by their filters, for those who look for an output of one kind. */
const behind = new WeakMap<Output, Output>();

/** The output behind a filter; the output itself where there is none. */
export function unfiltered(output: Output): Output {
  return behind.get(output) ?? output;
}

/** Whether a metric of this name and these tags passes. */
export function passesFilter(
  { match, tags: wanted }: OutputFilter,
  { name, tags }: Pick<Context, 'name' | 'tags'>,
): boolean {
  return hasName(match, name) && hasTags(wanted, tags);
}

function hasName(match: readonly string[], name: ByteString): boolean {
  return match.length === 0 || match.some((pattern) => matchesGlob(name, pattern));
}

function hasTags(wanted: readonly string[], tags: readonly ByteString[]): boolean {
  return wanted.every((pattern) => tags.some((tag) => matchesGlob(tag, pattern)));
}

/** The aggregate with those of its series that are wanted; nothing where there is none. */
function withSeries(aggregate: Aggregate, names: OutputFilter['series']): Aggregate[] {
  if (names === undefined) return [aggregate];
  const { context, series: all } = aggregate;
  const series = all.filter(({ suffix }) => names.has(context.name + suffix));
  return series.length === 0 ? [] : [{ ...aggregate, series }];
}

/** The output itself when nothing is filtered. */
export function filtered<O extends Output>(output: O, filter: OutputFilter): Output {
  const { match, tags: wanted, series: names } = filter;
  if (match.length === 0 && wanted.length === 0 && names === undefined) return output;
  const table = new ColumnTable({ known: Uint8Array });
  let size = 0;
  let passed = 0;
  let leftOut = 0;
  const passes = (context: Context): boolean => {
    const { id } = context;
    table.reserve(id);
    const { known } = table.columns;
    if (known[id] === UNKNOWN) {
      size++;
      known[id] = passesFilter(filter, context) ? PASSES : LEFT_OUT;
    }
    return known[id] === PASSES;
  };
  const count = (isPassed: boolean): boolean => {
    if (isPassed) passed++;
    else leftOut++;
    return isPassed;
  };
  const some: Output = {
    name: output.name,
    retentionSeconds: output.retentionSeconds,
    ...(output.cumulative !== undefined && { cumulative: output.cumulative }),
    begin: (flush: FlushInfo) => output.begin?.(flush),
    isBusy: () => output.isBusy?.() ?? false,
    write: (batch: readonly Aggregate[]) => {
      const chosen = batch.flatMap((aggregate) => {
        const some = passes(aggregate.context) ? withSeries(aggregate, names) : [];
        count(some.length > 0);
        return some;
      });
      if (chosen.length > 0) output.write(chosen);
    },
    end: (flush: FlushInfo) => output.end?.(flush),
    ...(output.event !== undefined && {
      event: (event: EventMessage, receivedAt: number) => {
        if (count(hasTags(wanted, event.tags))) output.event?.(event, receivedAt);
      },
    }),
    ...(output.serviceCheck !== undefined && {
      serviceCheck: (check: ServiceCheckMessage, receivedAt: number) => {
        if (count(passesFilter(filter, check))) output.serviceCheck?.(check, receivedAt);
      },
    }),
    forget: (ids: readonly number[]) => {
      const { known } = table.columns;
      for (const id of ids) {
        if ((known[id] ?? UNKNOWN) === UNKNOWN) continue;
        known[id] = UNKNOWN;
        size--;
      }
      table.trimUnused('known', size);
      output.forget?.(ids);
    },
    metrics: () => output.metrics?.() ?? [],
    outcomes: (): Outcomes => {
      const inner = output.outcomes?.() ?? outcomes({ accepted: { written: passed } });
      return { ...inner, filtered: { ...inner.filtered, ...(leftOut > 0 && { route: leftOut }) } };
    },
    totals: () => output.totals?.() ?? [],
    status: () => output.status?.() ?? [],
    health: () => output.health?.() ?? { healthy: true },
    close: (deadlineMs: number) => output.close(deadlineMs),
  };
  behind.set(some, output);
  return some;
}
