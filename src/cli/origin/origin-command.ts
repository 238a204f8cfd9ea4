/**
 * `whippet origin`: asks a running server what it knows of containers and pods.
 *
 *   GET /api/origins?of=… ─▶ collectors, senders, problems with their remedies, entities with their tags by level
 */
import { type Paint, painter, wantsColour } from '../../lib/text/paint.ts';
import { elide, escapeControls } from '../../lib/text/terminal-text.ts';
import type {
  OriginCollector,
  OriginEntity,
  OriginReport,
  OriginTags,
} from '../../model/views/origin-report.ts';
import { askJson, type ServerChoice, StatusError, serverOf } from '../ask-server.ts';

const SHOWN_MAX = 20;
/** So many entities are shown with all that is known of them. */
const WHOLE_MAX = 3;
const TAG_COLUMNS = 100;

export interface OriginOptions extends ServerChoice {
  readonly json?: boolean;
}

/** What the command needs of the process; memory in tests. */
export interface OriginSurroundings {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  setExitCode(code: number): void;
}

const PROCESS: OriginSurroundings = {
  stdout: process.stdout,
  env: process.env,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

export async function originCommand(
  what: string,
  options: OriginOptions,
  around: OriginSurroundings = PROCESS,
): Promise<void> {
  const server = await serverOf(options, around.env);
  const query = `of=${encodeURIComponent(what)}&limit=${SHOWN_MAX}`;
  const report = (await askJson(server, `/api/origins?${query}`)) as OriginReport | undefined;
  if (!Array.isArray(report?.collectors))
    throw new StatusError(
      'ERR_STATUS_ANSWER',
      `what answers at ${server.url} is no whippet server of this version`,
    );
  const paint = painter(wantsColour(around.stdout.isTTY === true, around.env));
  const text = options.json === true ? JSON.stringify(report) : renderOrigins(report, what, paint).join('\n');
  around.stdout.write(`${text}\n`);
  if (what !== '' && report.total === 0) around.setExitCode(1);
}

/** The lines of the page. Exported for tests. */
export function renderOrigins(report: OriginReport, what: string, paint: Paint): string[] {
  const lines: string[] = [];
  if (report.process !== undefined) lines.push(`process ${report.process.pid}: ${report.process.answer}`, '');
  if (what === '') lines.push(...renderServer(report, paint), '');
  else if (report.total === 0)
    lines.push(
      report.process?.entity
        ? `${report.process.entity} is not known`
        : `nothing known fits "${escapeControls(what)}"`,
      '',
    );
  const isWhole = report.entities.length <= WHOLE_MAX && what !== '';
  for (const entity of report.entities)
    lines.push(...(isWhole ? renderWhole(entity, paint) : renderShort(entity)));
  if (report.omitted > 0) lines.push(`and ${report.omitted} more`);
  lines.push(
    ...report.problems.flatMap(({ problem, remedy }) => [
      paint('yellow', escapeControls(problem)),
      ...(remedy === '' ? [] : [`  ${escapeControls(remedy)}`]),
    ]),
  );
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function renderServer(
  { detection, collectors, senders, total, global }: OriginReport,
  paint: Paint,
): string[] {
  const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off');
  return [
    paint(
      'bold',
      `origin of senders on Unix sockets ${onOff(detection.sockets)}, of client fields ${onOff(detection.client)}`,
    ),
    `  level ${detection.cardinality}, ${detection.unified ? 'the first known origin counts' : 'origins add up'}`,
    '',
    ...collectors.map(renderCollector),
    '',
    `packets with a container  ${senders.packets}`,
    `senders not found         ${senders.errors}`,
    `messages that wait        ${senders.waiting}`,
    `  got their tags late     ${senders.resolvedLate}`,
    `  went on without         ${senders.gaveUp + senders.noRoom}`,
    ...renderTags('tags of everything', global),
    '',
    paint('bold', `${total} containers and pods`),
  ];
}

function renderCollector({
  name,
  status,
  detail,
  entities,
  answeredSecondsAgo,
  counts,
}: OriginCollector): string {
  const answered = answeredSecondsAgo === undefined ? '' : `, answered ${answeredSecondsAgo} s ago`;
  const more = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
  const known = status === 'off' ? '' : `; ${entities} known${answered}`;
  const counted = more.length === 0 ? '' : ` (${more.join(', ')})`;
  return `${name.padEnd(16)}${status.padEnd(10)}${escapeControls(detail)}${known}${counted}`;
}

function renderShort({ entity, tags, sources }: OriginEntity): string[] {
  const ended = sources.every(({ endedSecondsAgo }) => endedSecondsAgo !== undefined) ? ' (ended)' : '';
  return [`${entity}${ended}`, `  ${elide(escapeControls(tags.low.join(' ')), TAG_COLUMNS)}`];
}

function renderWhole(
  { entity, tags, ageSeconds, generation, sources }: OriginEntity,
  paint: Paint,
): string[] {
  return [
    paint('bold', entity),
    `  known for ${ageSeconds} s, generation ${generation}`,
    ...renderTags('  low', { ...tags, orchestrator: [], high: [] }),
    ...renderTags('  orchestrator', { low: [], orchestrator: tags.orchestrator, high: [] }),
    ...renderTags('  high', { low: [], orchestrator: [], high: tags.high }),
    ...sources.map(({ source, collector, toldSecondsAgo, endedSecondsAgo }) => {
      const ended = endedSecondsAgo === undefined ? '' : `, ended ${endedSecondsAgo} s ago`;
      return `  from ${collector} (${source}), told ${toldSecondsAgo} s ago${ended}`;
    }),
    '',
  ];
}

function renderTags(title: string, { low, orchestrator, high }: OriginTags): string[] {
  const all = [...low, ...orchestrator, ...high];
  return all.length === 0
    ? []
    : [title, ...all.map((tag) => `    ${elide(escapeControls(tag), TAG_COLUMNS)}`)];
}
