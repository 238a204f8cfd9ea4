/** `whippet top --by`: who sends most, once, as a table that fits 80 columns, or as JSON. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes, formatCount, formatRate } from '../../lib/text/short-number.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import {
  type ClientTraffic,
  type ContextTraffic,
  type ErrorTraffic,
  type ListenerTraffic,
  type MetricTraffic,
  type OriginTraffic,
  TOP_BY,
  type TopAnswer,
  type TopBy,
  type TopRow,
} from '../../model/live/traffic-views.ts';
import { type AskedServer, askJson } from '../ask-server.ts';
import { TopUsageError } from './top-usage-error.ts';

const WATCH_MS = 2000;
const NAME_COLUMNS = 36;
const FIGURE_COLUMNS = 11;
const TEXT_COLUMNS = 22;

export interface TableOptions {
  readonly by: string;
  readonly since: number;
  readonly limit: number;
  readonly json: boolean;
  readonly watch: boolean;
  readonly write: (text: string) => void;
}

export async function printTop(server: AskedServer, options: TableOptions): Promise<void> {
  const { by, since, limit, json, watch, write } = options;
  if (!isBy(by)) throw new TopUsageError(`--by is one of ${TOP_BY.join(', ')}; it is "${by}"`);
  const query = new URLSearchParams({
    by,
    since: String(Math.max(1, since)),
    limit: String(Math.max(1, limit)),
  });
  for (;;) {
    const answer = (await askJson(server, `/api/top?${query}`)) as TopAnswer | undefined;
    if (answer === undefined)
      throw new Error(`the server at ${server.url} has no statistics: it is of another version`);
    write(json ? `${JSON.stringify(answer)}\n` : `${tableOf(answer).join('\n')}\n`);
    if (!watch) return;
    await sleep(WATCH_MS);
  }
}

/** Heading and rows; lines of at most 80 columns. */
export function tableOf({ by, rows, total, bounds }: TopAnswer): string[] {
  const { heads, cells } = TABLES[by];
  const lines = [heads.map((head, i) => cell(head, i)).join('')];
  for (const row of rows) lines.push(cells(row).map(cell).join('').trimEnd());
  if (rows.length === 0) lines.push('nothing yet');
  if (total > rows.length) lines.push(`${formatCount(total - rows.length)} more`);
  if (bounds.leftOut !== null) lines.push(bounds.leftOut.why);
  return lines;
}

interface Table {
  readonly heads: readonly string[];
  readonly cells: (row: TopRow) => string[];
}

const METRICS: Table = {
  heads: ['metric', 'samples/s', 'bytes/s', 'contexts', 'values'],
  cells: (row) => {
    const { name, rates, bytesPerSecond, contexts, tagKey, tagValues } = row as MetricTraffic;
    const key = tagKey === null ? '' : `  ${formatCount(tagValues)} ${tagKey}`;
    return [name, formatRate(rates.s10), formatBytes(bytesPerSecond), formatCount(contexts), key];
  },
};

const TABLES: Readonly<Record<TopBy, Table>> = {
  ...{ samples: METRICS, bytes: METRICS, contexts: METRICS, 'tag-values': METRICS },
  context: {
    heads: ['context', 'samples', 'per second', 'error'],
    cells: (row) => {
      const { name, tags, samples, rates, error } = row as ContextTraffic;
      const text = [name, ...tags].join(' ');
      return [
        text,
        formatCount(samples),
        rates === null ? '–' : formatRate(rates.s60),
        error > 0 ? `±${formatCount(error)}` : '',
      ];
    },
  },
  origin: {
    heads: ['origin', 'packets', 'bytes', 'errors'],
    cells: (row) => {
      const { origin, packets, bytes, errors } = row as OriginTraffic;
      return [origin, formatCount(packets), formatBytes(bytes), formatCount(errors)];
    },
  },
  client: {
    heads: ['client', 'samples', 'packets', 'dropped'],
    cells: (row) => {
      const { client, version, transport, samples, packets, packetsDropped } = row as ClientTraffic;
      return [
        `${client} ${version} ${transport}`,
        formatCount(samples),
        formatCount(packets),
        formatCount(packetsDropped),
      ];
    },
  },
  listener: {
    heads: ['listener', 'lines/s', 'bytes/s', 'packets/s', 'lost'],
    cells: (row) => {
      const one = row as ListenerTraffic;
      return [
        `${one.listener} ${one.addresses.join(' ')}`,
        formatRate(one.messagesPerSecond),
        formatBytes(one.bytesPerSecond),
        formatRate(one.packetsPerSecond),
        formatCount(one.kernelLost),
      ];
    },
  },
  errors: {
    heads: ['reason', 'lines', 'per second', 'last'],
    cells: (row) => {
      const { reason, count, perSecond, lines } = row as ErrorTraffic;
      return [reason, formatCount(count), formatRate(perSecond), `  ${lines[0]?.line ?? ''}`];
    },
  },
};

function cell(text: string, i: number): string {
  const safe = escapeControls(text);
  if (i === 0) return padTo(elide(safe, NAME_COLUMNS), NAME_COLUMNS, 'right');
  // Text behind the figures begins with a space; figures stand under each other.
  return safe.startsWith('  ')
    ? elide(safe, TEXT_COLUMNS)
    : padTo(` ${elide(safe, TEXT_COLUMNS)}`, FIGURE_COLUMNS, 'left');
}

function isBy(word: string): word is TopBy {
  return (TOP_BY as readonly string[]).includes(word);
}
