/**
 * Global aggregation in `whippet status`: what an edge has to send, what an owner has to read, and which edges need a look.
 *
 *   global: both, topic whippet, 16 partitions
 *     edge         1,234 partials sealed, 1,200 acknowledged, 34 wait (oldest 2.1 s)
 *     owner        16 partitions, 5,000 partials/s, lag 0.3 s
 *     chunks       12 late, 3 repeated
 *     edges        100, 1 silent, 1 with a wrong clock, 2 not in the last bucket
 *       4f0c21…    clock 25 s ahead
 *       77aa08…    silent for 2 min 3 s
 *
 * A server without a role leaves it out.
 */
import type { Paint } from '../../lib/text/paint.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import { COLUMNS, formatCount, formatDuration, type StatusSection, wrap } from './section.ts';

const LABEL_COLUMNS = 13;
const EDGES_MAX = 10;

/** What is used here of `GET /api/global` (server/global/global-part.ts). */
interface GlobalView {
  readonly role: string;
  readonly topic: string;
  readonly partitions: number;
  readonly problem: string | null;
  readonly edge: EdgeView | null;
  readonly levels: readonly LevelView[];
}

interface EdgeView {
  readonly sealedPartials: number;
  readonly acknowledgedPartials: number;
  readonly problem: string | null;
  readonly failingForSeconds: number;
  readonly queue: { readonly partials: number; readonly oldestAgeSeconds: number };
}

interface LevelView {
  readonly level: number;
  readonly partialsPerSecond: number;
  readonly lagSeconds: number;
  readonly totals: { readonly lateChunks: number; readonly repeatedChunks: number };
  readonly partitions: readonly { readonly partition: number; readonly problem: string | null }[];
  readonly edges: {
    readonly count: number;
    readonly silent: number;
    readonly skewed: number;
    readonly missing: number;
    readonly list: readonly EdgeLine[];
  };
}

interface EdgeLine {
  readonly edge: string;
  readonly skewSeconds: number;
  readonly silentSeconds: number;
  readonly isSkewed: boolean;
  readonly isSilent: boolean;
}

export const globalSection: StatusSection = {
  view: 'global',
  render: (answer, { paint }) => renderGlobal(answer as GlobalView, paint),
};

function renderGlobal(
  { role, topic, partitions, problem, edge, levels }: GlobalView,
  paint: Paint,
): string[] {
  const title = `global: ${role}, topic ${topic}, ${partitions} partitions`;
  return [
    paint('bold', elide(escapeControls(title), COLUMNS)),
    ...trouble(problem, paint),
    ...(edge === null ? [] : renderEdge(edge, paint)),
    ...levels.flatMap((level) => renderLevel(level, paint)),
  ];
}

function renderEdge(edge: EdgeView, paint: Paint): string[] {
  const { partials, oldestAgeSeconds } = edge.queue;
  const oldest = partials > 0 ? ` (oldest ${formatDuration(oldestAgeSeconds)})` : '';
  const text = `${formatCount(edge.sealedPartials)} partials sealed, ${formatCount(edge.acknowledgedPartials)} acknowledged, ${formatCount(partials)} wait${oldest}`;
  const failing = `not taken for ${formatDuration(edge.failingForSeconds)}: ${edge.problem}`;
  return [line('edge', text), ...trouble(edge.problem === null ? null : failing, paint)];
}

function renderLevel(level: LevelView, paint: Paint): string[] {
  const { edges, totals, partitions, partialsPerSecond, lagSeconds } = level;
  const owner = level.level === 0 ? 'owner' : `owner ${level.level}`;
  const text = `${partitions.length} partitions, ${formatCount(partialsPerSecond)} partials/s, lag ${formatDuration(lagSeconds)}`;
  const counts = [
    formatCount(edges.count),
    ...(edges.silent > 0 ? [`${formatCount(edges.silent)} silent`] : []),
    ...(edges.skewed > 0 ? [`${formatCount(edges.skewed)} with a wrong clock`] : []),
    ...(edges.missing > 0 ? [`${formatCount(edges.missing)} not in the last bucket`] : []),
  ];
  const noted = edges.list.filter(({ isSkewed, isSilent }) => isSkewed || isSilent);
  const more = edges.silent + edges.skewed > EDGES_MAX && noted.length > EDGES_MAX;
  return [
    line(owner, text),
    ...partitions.flatMap(({ partition, problem }) =>
      trouble(problem === null ? null : `partition ${partition}: ${problem}`, paint),
    ),
    line('chunks', `${formatCount(totals.lateChunks)} late, ${formatCount(totals.repeatedChunks)} repeated`),
    ...wrap(counts.join(', '), COLUMNS, ' '.repeat(2 + LABEL_COLUMNS)).map((part, i) =>
      i > 0 ? part : `  ${padTo('edges', LABEL_COLUMNS, 'right')}${part.trimStart()}`,
    ),
    ...noted
      .slice(0, EDGES_MAX)
      .map((edge) => paint('yellow', elide(escapeControls(renderEdgeLine(edge)), COLUMNS))),
    ...(more ? ['    … and more: GET /api/global'] : []),
  ];
}

function renderEdgeLine({ edge, skewSeconds, silentSeconds, isSkewed, isSilent }: EdgeLine): string {
  const skew = `clock ${formatDuration(Math.abs(skewSeconds))} ${skewSeconds < 0 ? 'ahead' : 'behind'}`;
  const silence = `silent for ${formatDuration(silentSeconds)}`;
  const what = [...(isSkewed ? [skew] : []), ...(isSilent ? [silence] : [])];
  return `    ${edge}  ${what.join(', ')}`;
}

function line(label: string, text: string): string {
  return elide(`  ${padTo(label, LABEL_COLUMNS, 'right')}${text}`, COLUMNS);
}

function trouble(text: string | null, paint: Paint): string[] {
  if (text === null) return [];
  return wrap(escapeControls(text), COLUMNS, '    ').map((part) => paint('red', part));
}
