/**
 * What becomes of single lines, for people who watch or ask: the cold path is walked for each, as `whippet explain`
 * does, with the settings of the running server.
 */
import { renderRows } from '../../inspect/explain/render.ts';
import { type Walk, type WalkSettings, walkPacket } from '../../inspect/explain/walk.ts';
import { SeriesNames, type SeriesOptions } from '../../inspect/series-names.ts';
import { painter } from '../../lib/text/paint.ts';
import type { ExplainAnswer, ExplainedLine, TailLine } from '../../model/live/line-views.ts';
import type { Origin } from '../../model/sample.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { correct, remedyOf, wordsOf } from './line-words.ts';

const EXPLAINED_MAX = 100;
const NOTHING = { reason: '', words: '', remedy: '', caret: null, corrected: null } as const;

type Verdict = Omit<TailLine, 'line' | 'at' | 'listener'>;

/** One line, without its line feed. */
export function verdictOf(line: ByteString, settings: WalkSettings): Verdict | undefined {
  const [walk] = walkPacket(`${line}\n`, settings).walks;
  return walk === undefined ? undefined : verdictOfWalk(walk);
}

function verdictOfWalk({ line, parsed, outcome }: Walk): Verdict {
  if (parsed.kind === 'error') {
    const reason = `${parsed.messageType}:${parsed.error}`;
    return {
      ...{ outcome: 'rejected', origin: '', name: '', type: null, reason },
      ...{ words: wordsOf(reason), remedy: remedyOf(reason), corrected: correct(line, parsed) },
      caret: toText(line.slice(0, parsed.at)).length,
    };
  }
  if (parsed.kind === 'event' || parsed.kind === 'service_check') {
    const name = toText(parsed.kind === 'event' ? parsed.title : parsed.name);
    const origin = outcome?.kind === 'message' ? originText(outcome.origin) : '';
    return { outcome: parsed.kind, origin, name, type: parsed.kind, ...NOTHING };
  }
  if (outcome?.kind !== 'metric' || outcome.line === undefined)
    return {
      ...{ outcome: 'filtered', origin: '', name: toText(parsed.name), type: null, ...NOTHING },
      ...{ reason: 'metric:filter', words: 'a filter or a rule of the configuration drops it' },
      remedy: 'look at the rules with whippet explain',
    };
  const { name, type, origin } = outcome.line;
  return { outcome: 'accepted', origin: originText(origin), name: toText(name), type, ...NOTHING };
}

/** The lines of a request, each with the steps that `whippet explain` prints. */
export function explainLines(
  packet: ByteString,
  settings: WalkSettings,
  config: SeriesOptions,
): ExplainAnswer {
  const { walks, unterminated } = walkPacket(packet, settings);
  const names = new SeriesNames(config);
  return {
    messages: walks.slice(0, EXPLAINED_MAX).map((walk) => explained(walk, names)),
    unterminated,
    leftOut: Math.max(0, walks.length - EXPLAINED_MAX),
  };
}

function explained(walk: Walk, names: SeriesNames): ExplainedLine {
  const { outcome, name, reason, words, remedy, caret, corrected } = verdictOfWalk(walk);
  const options = { paint: painter(false), names, filterKey: names.filterKey };
  const { rows, text } = renderRows(walk, options);
  const steps = rows.map(({ label, text: said, colour }) => ({
    ...{ label, text: said },
    tone:
      colour === 'red' ? ('error' as const) : colour === 'yellow' ? ('note' as const) : ('plain' as const),
  }));
  const line = toText(walk.line);
  return { line, outcome, name, reason, words, remedy, caret, corrected, steps, text };
}

/** Who sent it, as far as the line or the socket say. */
function originText({ socket, pid, containerId, podUid, external }: Origin): string {
  if (socket !== '') return toText(socket).replace('container_id://', 'container ').slice(0, 30);
  if (containerId !== '') return `container ${toText(containerId).slice(0, 12)}`;
  if (podUid !== '' && podUid !== 'none') return `pod ${toText(podUid)}`;
  if (external.podUid !== '')
    return `pod ${toText(external.podUid)} ${toText(external.containerName)}`.trim();
  return pid > 0 ? `process ${pid}` : '';
}
