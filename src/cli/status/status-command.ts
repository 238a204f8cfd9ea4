/**
 * `whippet status`: asks a running server for its views and shows them, section by section.
 *
 *   GET /api/<view>, each section's ─▶ render ─▶ a page of at most 80 columns; colour on a terminal
 *
 * Exit codes: 0 when nothing was lost, 3 when something was; 1, as an error, when no server answers.
 */
import { painter, wantsColour } from '../../lib/text/paint.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import { type AskedServer, askJson, type ServerChoice, StatusError, serverOf } from '../ask-server.ts';
import { clientsSection } from './clients-section.ts';
import { globalSection } from './global-section.ts';
import { ledgerSection } from './ledger-section.ts';
import { metricsSection } from './metrics-section.ts';
import { originSection } from './origin-section.ts';
import { outputsSection } from './outputs-section.ts';
import { type QuitInput, QuitKey } from './quit-key.ts';
import { rejectedSection } from './rejected-section.ts';
import type { StatusSection } from './section.ts';

/** In the order they are shown. */
export const STATUS_SECTIONS: readonly StatusSection[] = [
  ledgerSection,
  rejectedSection,
  metricsSection,
  outputsSection,
  globalSection,
  clientsSection,
  originSection,
];

const WATCH_MS = 2000;
/** Clears a terminal and goes to its first line. */
const CLEAR = '\x1b[H\x1b[2J\x1b[3J';
export const EXIT_LOSS = 3;

export interface StatusOptions extends ServerChoice {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** What the command needs of the process; memory in tests. */
export interface StatusSurroundings {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  /** Where `q` is typed; absent where nobody types. */
  readonly stdin?: QuitInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  setExitCode(code: number): void;
}

type Answers = ReadonlyMap<string, unknown>;

const PROCESS: StatusSurroundings = {
  stdout: process.stdout,
  stdin: process.stdin,
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
  const quit = new QuitKey(options.watch === true ? around.stdin : undefined);
  let before: Answers | undefined;
  let beforeAt = 0;
  do {
    if (before !== undefined && !(await quit.sleep(WATCH_MS))) break;
    const answers = await askAll(server);
    const at = performance.now();
    if (options.json) around.stdout.write(`${JSON.stringify(Object.fromEntries(answers))}\n`);
    else {
      const page = render(url, answers, before, (at - beforeAt) / 1000, around);
      const isLive = options.watch === true && around.stdout.isTTY === true;
      around.stdout.write(isLive ? `${CLEAR}${page}\nq quits\n` : page);
    }
    const { losses } = answers.get(ledgerSection.view) as LedgerReport;
    around.setExitCode(losses.length > 0 ? EXIT_LOSS : 0);
    before = answers;
    beforeAt = at;
  } while (options.watch);
  quit.close();
}

async function askAll(server: AskedServer): Promise<Answers> {
  const { url } = server;
  const answers = new Map<string, unknown>();
  for (const { view, path = view } of STATUS_SECTIONS) {
    const answer = await askJson(server, `/api/${path}`);
    if (answer !== undefined) answers.set(view, answer);
  }
  const ledger = answers.get(ledgerSection.view) as Partial<LedgerReport> | undefined;
  if (!Array.isArray(ledger?.losses) || !Array.isArray(ledger.totals))
    throw new StatusError('ERR_STATUS_ANSWER', `what answers at ${url} is no whippet server of this version`);
  return answers;
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
