/**
 * What GET /health says of global aggregation.
 *
 *   global          topics that cannot be used, chunks that are not taken, partitions that fail or lag: the server is unhealthy
 *   global edges    edges that are silent, or whose clock is off: told, but another host's fault
 */
import type { PartHealth } from '../../http/health-report.ts';
import type { EdgePart } from './edge-part.ts';
import type { EdgeRow } from './edges-report.ts';
import type { Level } from './level.ts';

/** A lag of so many seconds makes the server unhealthy. */
const LAG_ALARM_SECONDS = 120;
/** Edges that are named. */
const NAMED_MAX = 3;

/** `now` in Unix seconds. */
export function globalHealth(
  levels: readonly Level[],
  edge: EdgePart | undefined,
  known: readonly string[],
  now: number,
): PartHealth[] {
  const problems = [
    ...known,
    ...(edge?.sender.problem === undefined ? [] : [`chunks are not taken: ${edge.sender.problem}`]),
    ...levels.flatMap((level) => problemsOf(level, now)),
  ];
  const parts: PartHealth[] = [partOf('global', problems.slice(0, 1))];
  const owned = levels.filter((level) => level.owned !== undefined);
  if (owned.length === 0) return parts;
  const edges = owned.flatMap((level) => edgesOf(level, now));
  return [...parts, { ...partOf('global edges', edges), optional: true }];
}

function problemsOf({ owned }: Level, now: number): string[] {
  return (owned?.owner.owners ?? []).flatMap(({ partition, stats }) => {
    const lag = stats.lagSeconds(now);
    return [
      ...(stats.problem === undefined ? [] : [`partition ${partition}: ${stats.problem}`]),
      ...(lag > LAG_ALARM_SECONDS ? [`partition ${partition} is ${Math.round(lag)} s behind`] : []),
    ];
  });
}

function edgesOf({ owned }: Level, now: number): string[] {
  if (owned === undefined) return [];
  const { skewed, silent } = owned.edges.at(now);
  return [
    ...told(skewed, 'with a wrong clock', ({ skewSeconds }) =>
      skewSeconds < 0 ? `${(-skewSeconds).toFixed(1)} s ahead` : `${skewSeconds.toFixed(1)} s behind`,
    ),
    ...told(silent, 'silent', ({ silentSeconds }) => `for ${Math.round(silentSeconds)} s`),
  ];
}

function told(rows: readonly EdgeRow[], what: string, how: (row: EdgeRow) => string): string[] {
  if (rows.length === 0) return [];
  const named = rows.slice(0, NAMED_MAX).map((row) => `${row.edge} ${how(row)}`);
  const more = rows.length > NAMED_MAX ? ', …' : '';
  return [`${rows.length} ${rows.length === 1 ? 'edge' : 'edges'} ${what}: ${named.join(', ')}${more}`];
}

function partOf(name: string, problems: readonly string[]): PartHealth {
  const healthy = problems.length === 0;
  return { name, healthy, ...(!healthy && { detail: problems.join('; ') }) };
}
