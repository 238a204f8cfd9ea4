/**
 * `whippet status`: asks a running server for its views and shows them, section by section.
 *
 *   GET /api/<view>, each section's ─▶ render ─▶ a page of at most 80 columns; colour on a terminal
 *
 * Exit codes: 0 when nothing was lost, 3 when something was; 1, as an error, when no server answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { painter, wantsColour } from '../lib/paint.ts';
import type { LedgerReport } from '../telemetry/ledger-report.ts';
import { clientsSection } from './status/clients-section.ts';
import { ledgerSection } from './status/ledger-section.ts';
import { outputsSection } from './status/outputs-section.ts';
import type { StatusSection } from './status/section.ts';

/** In the order they are shown. */
export const STATUS_SECTIONS: readonly StatusSection[] = [ledgerSection, outputsSection, clientsSection];

const ANSWER_MS = 5000;
const WATCH_MS = 2000;
/** Clears a terminal and goes to its first line. */
const CLEAR = '\x1b[H\x1b[2J\x1b[3J';
export const EXIT_LOSS = 3;

export interface StatusOptions {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** What the command needs of the process; memory in tests. */
export interface StatusSurroundings {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  setExitCode(code: number): void;
}

/** Cannot ask. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: 'ERR_STATUS_UNREACHABLE' | 'ERR_STATUS_ANSWER' | 'ERR_STATUS_DENIED';

  constructor(code: StatusError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

type Answers = ReadonlyMap<string, unknown>;

const PROCESS: StatusSurroundings = {
  stdout: process.stdout,
  env: process.env,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

export async function statusCommand(
  options: StatusOptions,
  around: StatusSurroundings = PROCESS,
): Promise<void> {
  const server = await serverOf(options, around.env);
  const { url } = server;
  let before: Answers | undefined;
  let beforeAt = 0;
  do {
    if (before !== undefined) await sleep(WATCH_MS);
    const answers = await ask(server);
    const at = performance.now();
    if (options.json) around.stdout.write(`${JSON.stringify(Object.fromEntries(answers))}\n`);
    else {
      const page = render(url, answers, before, (at - beforeAt) / 1000, around);
      around.stdout.write(options.watch && around.stdout.isTTY ? CLEAR + page : page);
    }
    const { losses } = answers.get(ledgerSection.view) as LedgerReport;
    around.setExitCode(losses.length > 0 ? EXIT_LOSS : 0);
    before = answers;
    beforeAt = at;
  } while (options.watch);
}

/** Where to ask, and what to show for it. */
interface AskedServer {
  readonly url: string;
  /** Empty for none. */
  readonly token: string;
}

/** `--url` and `--token`, or what the configuration says of the HTTP server. */
async function serverOf(
  { url, token: given, config }: StatusOptions,
  env: StatusSurroundings['env'],
): Promise<AskedServer> {
  const token = given ?? env.WHIPPET_HTTP_TOKEN;
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), token: token ?? '' };
  const { loadFromOptions } = await import('./options.ts');
  const { http } = (await loadFromOptions(config === undefined ? {} : { config }, env)).config;
  const host = ['0.0.0.0', '::'].includes(http.host) ? '127.0.0.1' : http.host;
  if (http.port <= 0) {
    const why = http.port < 0 ? 'http.port is -1, so it has no HTTP server' : 'http.port is 0, any free port';
    throw new StatusError('ERR_STATUS_UNREACHABLE', `${why}; give --url, which the log of the server names`);
  }
  const address = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${address}:${http.port}`, token: token ?? http.token };
}

async function ask(server: AskedServer): Promise<Answers> {
  const { url } = server;
  const answers = new Map<string, unknown>();
  for (const { view } of STATUS_SECTIONS) {
    const answer = await askFor(server, view);
    if (answer !== undefined) answers.set(view, answer);
  }
  const ledger = answers.get(ledgerSection.view) as Partial<LedgerReport> | undefined;
  if (!Array.isArray(ledger?.losses) || !Array.isArray(ledger.accounts))
    throw new StatusError('ERR_STATUS_ANSWER', `what answers at ${url} is no whippet server of this version`);
  return answers;
}

/** Undefined when the server does not have the view. */
async function askFor({ url, token }: AskedServer, view: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${url}/api/${view}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(token !== '' && { headers: { authorization: `Bearer ${token}` } }),
    });
  } catch (cause) {
    const reason = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as Error).message;
    throw new StatusError(
      'ERR_STATUS_UNREACHABLE',
      `no server answers at ${url} (${reason}); start it with "whippet run", or give its address with --url`,
      cause,
    );
  }
  if (response.status === 401 || response.status === 403) {
    const { error } = (await response.json().catch(() => ({}))) as { readonly error?: string };
    throw new StatusError(
      'ERR_STATUS_DENIED',
      `${url} does not answer: ${error ?? response.status}; give --token`,
    );
  }
  try {
    return response.ok ? await response.json() : undefined;
  } catch (cause) {
    throw new StatusError('ERR_STATUS_ANSWER', `what answers at ${url} is no whippet server`, cause);
  }
}

function render(
  url: string,
  answers: Answers,
  before: Answers | undefined,
  seconds: number,
  { stdout, env }: StatusSurroundings,
): string {
  const paint = painter(wantsColour(stdout.isTTY === true, env));
  const lines = [paint('bold', `whippet at ${url}`)];
  for (const { view, render: renderSection } of STATUS_SECTIONS) {
    if (!answers.has(view)) continue;
    const section = renderSection(answers.get(view), { paint, before: before?.get(view), seconds });
    if (section.length > 0) lines.push(...(lines.length > 1 ? [''] : []), ...section);
  }
  return `${lines.join('\n')}\n`;
}
