/**
 * `whippet top`: the live view in place on a terminal; elsewhere, and with --by, a table.
 *
 *   GET /api/stream ─▶ state ─▶ lines ─▶ screen        keys ─▶ state
 *
 * The terminal is given back on q, ctrl-c, SIGTERM and when something fails.
 */
import { writeFile } from 'node:fs/promises';
import { wantsColour } from '../../lib/text/paint.ts';
import { type AskedServer, ask, type ServerChoice, serverOf } from '../ask-server.ts';
import { LiveTop } from './live-top.ts';
import type { TopTerminal } from './top-terminal.ts';
import { TopUsageError } from './top-usage-error.ts';

export interface TopOptions extends ServerChoice {
  readonly by?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly dump?: string;
  readonly path?: string;
  readonly numMetrics?: string;
  readonly numTags?: string;
  readonly ascii?: boolean;
}

export async function topCommand(options: TopOptions, terminal: TopTerminal = process): Promise<void> {
  const { stdout, env } = terminal;
  if (options.path !== undefined) {
    const { reportFile } = await import('./context-report.ts');
    stdout.write(
      await reportFile(options.path, {
        metrics: countOf(options.numMetrics, 10, '--num-metrics'),
        tags: countOf(options.numTags, 5, '--num-tags'),
      }),
    );
    return;
  }
  const server = await serverOf(options, env);
  if (options.dump !== undefined) {
    await dump(server, options.dump);
    return;
  }
  const isTerminal = stdout.isTTY === true && terminal.stdin.isTTY === true && env.TERM !== 'dumb';
  if (options.by !== undefined || options.json === true || !isTerminal) {
    const { printTop } = await import('./top-table.ts');
    await printTop(server, {
      by: options.by ?? 'samples',
      since: countOf(options.since, 10, '--since'),
      limit: countOf(options.limit, 10, '--limit'),
      json: options.json === true,
      watch: options.watch === true,
      write: (text) => void stdout.write(text),
    });
    return;
  }
  await runLive(server, terminal, options.ascii === true);
}

/** Runs the live view until it is quit. Rejects when the first answer says that it never will be one. */
export async function runLive(server: AskedServer, terminal: TopTerminal, ascii: boolean): Promise<void> {
  const live = new LiveTop(server, terminal, { ascii, colour: wantsColour(true, terminal.env) });
  await live.run();
}

/** Writes the dump of a server to a file. */
async function dump(server: AskedServer, path: string): Promise<void> {
  const response = await ask(server, '/api/contexts/dump');
  if (!response.ok || response.body === null)
    throw new Error(`the server has no dump: it answered ${response.status}`);
  const { createWriteStream } = await import('node:fs');
  const { pipeline } = await import('node:stream/promises');
  const { Readable } = await import('node:stream');
  // Made first, so that a folder that does not exist is told before anything is asked.
  await writeFile(path, '');
  await pipeline(Readable.fromWeb(response.body as never), createWriteStream(path));
}

function countOf(text: string | undefined, fallback: number, option: string): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,6}$/.test(text)) throw new TopUsageError(`${option} is a whole number; it is "${text}"`);
  return Number(text);
}
