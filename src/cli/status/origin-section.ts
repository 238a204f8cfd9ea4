/**
 * Who sends, in `whippet status`: the collectors of tags, messages that wait for them, and what keeps senders from being found.
 *
 *   origin: of sockets, level low; 12 containers and pods
 *     docker          reads /var/run/docker.sock; 12 known
 *     kubernetes_api  https://10.0.0.1:443/api/v1/pods answered 403
 *       let the service account list and watch pods
 *     senders         1,234 packets with a container, 3 unknown
 *     messages        0 held, 12 got their tags late, 1 gave up
 *     3 senders were in a pid namespace that is not seen here
 *       run this server in the pid namespace of the host
 *
 * Left out while no origin counts and no collector is used.
 */
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import type { OriginCollector, OriginReport } from '../../model/views/origin-report.ts';
import { COLUMNS, formatCount, type SectionContext, type StatusSection, wrap } from './section.ts';

const LABEL_COLUMNS = 16;

export const originSection: StatusSection = {
  view: 'origins',
  path: 'origins?limit=0',
  render: (answer, context) => renderOrigin(answer as OriginReport, context),
};

function renderOrigin(report: OriginReport, { paint }: SectionContext): string[] {
  const { detection, collectors, senders, problems, total } = report;
  const used = collectors.filter(({ status }) => status !== 'off');
  if (!detection.sockets && !detection.client && used.length === 0) return [];
  const failing = used.filter(({ status }) => status === 'failing');
  // Those of a collector stand beside it.
  const others = problems.filter(
    ({ problem }) => !failing.some(({ name, detail }) => problem === `${name}: ${detail}`),
  );
  const of = [...(detection.sockets ? ['sockets'] : []), ...(detection.client ? ['client fields'] : [])];
  const what = of.length === 0 ? 'off' : `of ${of.join(' and ')}`;
  return [
    paint(
      'bold',
      `origin: ${what}, level ${detection.cardinality}; ${formatCount(total)} containers and pods`,
    ),
    ...used.flatMap((one) => {
      const lines = line(one.name, collectorText(one));
      if (one.status !== 'failing') return lines;
      return [...lines.map((text) => paint('red', text)), ...broken(one.remedy, '    ')];
    }),
    ...line(
      'senders',
      `${formatCount(senders.packets)} packets with a container, ${formatCount(senders.errors)} unknown`,
    ),
    ...line(
      'messages',
      `${formatCount(senders.waiting)} held, ${formatCount(senders.resolvedLate)} got their tags late, ` +
        `${formatCount(senders.gaveUp)} gave up, ${formatCount(senders.noRoom)} found no room`,
    ),
    ...others.flatMap(({ problem, remedy }) => [
      ...broken(problem, '  ').map((text) => paint('yellow', text)),
      ...broken(remedy, '    '),
    ]),
  ];
}

function collectorText({ status, detail, entities }: OriginCollector): string {
  if (status === 'starting') return 'has no answer yet';
  return status === 'failing' ? detail : `${detail}; ${formatCount(entities)} known`;
}

function line(label: string, text: string): string[] {
  return broken(text, ' '.repeat(LABEL_COLUMNS + 2)).map((one, index) =>
    index === 0 ? `  ${padTo(label, LABEL_COLUMNS, 'right')}${one.trimStart()}` : one,
  );
}

function broken(text: string, indent: string): string[] {
  return wrap(escapeControls(text), COLUMNS, indent).map((one) => elide(one, COLUMNS));
}
