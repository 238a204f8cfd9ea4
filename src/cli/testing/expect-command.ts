/**
 * Runs `whippet expect`: a test server, the command with its variables, and a verdict for each expectation.
 */
import { writeFileSync } from 'node:fs';
import { describeExpectation } from '../../testing/expectations/expectation.ts';
import type { Expectation } from '../../testing/expectations/expectation-text.ts';
import { parseDuration, parseExpectation } from '../../testing/expectations/expectation-text.ts';
import { showNumbers } from '../../testing/expectations/failure-report.ts';
import { type CheckResult, formatJunit } from '../../testing/junit.ts';
import type { TestServer } from '../../testing/test-server/test-server.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import { environmentFor } from './child-environment.ts';
import { checkResultFile } from './result-files.ts';
import { runChild } from './run-child.ts';
import { startFromOptions, type TestServerCommandOptions } from './test-server-options.ts';

export interface ExpectCommandOptions extends TestServerCommandOptions {
  readonly type?: string;
  readonly tag?: readonly string[];
  readonly exactTags?: boolean;
  readonly value?: string;
  readonly sum?: string;
  readonly last?: string;
  readonly min?: string;
  readonly max?: string;
  readonly count?: string;
  readonly samples?: string;
  readonly messages?: string;
  readonly event?: string;
  readonly check?: string;
  readonly status?: string;
  readonly and?: readonly string[];
  readonly rejected: boolean;
  readonly timeout: string;
  readonly junit?: string;
  readonly verbose?: boolean;
}

type Print = (text: string) => void;

const TEXT_KEYS = [
  'type',
  'value',
  'sum',
  'last',
  'min',
  'max',
  'count',
  'samples',
  'messages',
  'event',
  'check',
  'status',
] as const;

/** After a command that failed: what it sent may still be on its way, but there is no reason to wait for more. */
const AFTER_FAILURE_MS = 500;

/** Throws ExpectationTextError when an expectation makes no sense, or a file cannot be written. */
export async function expectCommand(
  name: string | undefined,
  child: readonly string[],
  options: ExpectCommandOptions,
  print: Print = (text) => process.stderr.write(text),
): Promise<ExitCode> {
  const expectations = readExpectations(name, options);
  const timeoutMs = parseDuration(options.timeout);
  checkResultFile('--junit', options.junit);
  const server = await startFromOptions(options);
  try {
    if (child.length === 0) print(whereItListens(server, options.timeout));
    const results = await check(server, expectations, child, timeoutMs, options, print);
    report(server, results, print, options.verbose === true);
    if (options.junit !== undefined) writeFileSync(options.junit, formatJunit('whippet expect', results));
    return results.every(({ failure }) => failure === undefined) ? EXIT_CODES.ok : EXIT_CODES.failure;
  } finally {
    await server.close();
  }
}

/** The one given by options, if any, and those of --and. */
function readExpectations(name: string | undefined, options: ExpectCommandOptions): Expectation[] {
  const pairs: [string, string][] = name === undefined ? [] : [['name', name]];
  for (const key of TEXT_KEYS) {
    const text = options[key];
    if (text !== undefined) pairs.push([key, text]);
  }
  for (const tag of options.tag ?? []) pairs.push(['tag', tag]);
  if (options.exactTags === true) pairs.push(['exact_tags', 'true']);
  const more = (options.and ?? []).map((text) =>
    parseExpectation(text.split(/\s+/).filter(Boolean).map(splitPair)),
  );
  const wantsMore = more.length > 0 || !options.rejected;
  return pairs.length === 0 && wantsMore ? more : [parseExpectation(pairs), ...more];
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? ['name', text] : [text.slice(0, at), text.slice(at + 1)];
}

async function check(
  server: TestServer,
  expectations: readonly Expectation[],
  child: readonly string[],
  timeoutMs: number,
  options: ExpectCommandOptions,
  print: Print,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const timed = async (name: string, work: () => Promise<string | undefined>): Promise<void> => {
    const start = performance.now();
    const failure = await work();
    results.push({ name, durationMs: performance.now() - start, ...(failure !== undefined && { failure }) });
  };
  let waitMs = timeoutMs;
  if (child.length > 0) {
    await timed(child.join(' '), async () => {
      const { exitCode, problem } = await runChild(child, environmentFor(server, print));
      if (problem !== undefined) {
        waitMs = 0;
        return `${child[0]} could not be started: ${problem}`;
      }
      if (exitCode === 0) return undefined;
      waitMs = Math.min(timeoutMs, AFTER_FAILURE_MS);
      return `the command ended with exit code ${exitCode}`;
    });
  }
  const deadline = performance.now() + waitMs;
  for (const expectation of expectations) {
    await timed(nameOf(expectation), async () => {
      const left = Math.max(deadline - performance.now(), 0);
      return server.waitForExpectation(expectation, { timeoutMs: left }).then(
        () => undefined,
        (error: Error) => error.message,
      );
    });
  }
  if (!options.rejected) {
    await timed('no line is rejected', async () => {
      const lines = server.rejected().map(({ line, reason, at }) => `  ${line}  ${reason}, at byte ${at}`);
      return lines.length === 0
        ? undefined
        : [`${lines.length} lines were rejected`, '', ...lines].join('\n');
    });
  }
  return results;
}

/** For someone who sends by hand, or from another terminal. */
function whereItListens({ host, port, socketPath, url }: TestServer, timeout: string): string {
  const socket = socketPath === undefined ? '' : `, socket ${socketPath}`;
  return `waiting ${timeout} for metrics on UDP ${host}:${port}${socket}, HTTP ${url}\n`;
}

function nameOf({ kind, expected }: Expectation): string {
  return `${kind.replace('_', ' ')} ${describeExpectation(expected)}`;
}

function report(server: TestServer, results: readonly CheckResult[], print: Print, verbose: boolean): void {
  for (const { name, failure } of results) {
    print(failure === undefined ? `ok      ${name}\n` : `failed  ${name}\n\n${indent(failure)}\n\n`);
  }
  if (!verbose) return;
  print('\nreceived:\n');
  for (const metric of server.metrics()) {
    print(`  ${metric.name}  ${metric.type}  ${metric.tags.join(',')}  ${showNumbers(metric)}\n`);
  }
  for (const { title, text } of server.events()) print(`  event  ${title}  ${text}\n`);
  for (const { name, status } of server.serviceChecks())
    print(`  service check  ${name}  status ${status}\n`);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
