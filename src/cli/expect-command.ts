/**
 * Runs `whippet expect`: a test server, the command with its variables, and a verdict for each expectation.
 */
import { writeFileSync } from 'node:fs';
import { type CheckResult, formatJunit } from '../testing/junit.ts';
import type { Expectation } from '../testing/test-server/expectation-text.ts';
import { parseDuration, parseExpectation } from '../testing/test-server/expectation-text.ts';
import { showNumbers } from '../testing/test-server/failure-report.ts';
import { describeExpectation, type TestServer } from '../testing/test-server/test-server.ts';
import { EXIT_CODES, type ExitCode } from './exit.ts';
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

/** Throws ExpectationTextError when an expectation makes no sense. */
export async function expectCommand(
  name: string | undefined,
  child: readonly string[],
  options: ExpectCommandOptions,
  print: Print = (text) => process.stderr.write(text),
): Promise<ExitCode> {
  const expectations = readExpectations(name, options);
  const timeoutMs = parseDuration(options.timeout);
  const server = await startFromOptions(options);
  try {
    const results = await check(server, expectations, child, timeoutMs, options);
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
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const timed = async (name: string, work: () => Promise<string | undefined>): Promise<void> => {
    const start = performance.now();
    const failure = await work();
    results.push({ name, durationMs: performance.now() - start, ...(failure !== undefined && { failure }) });
  };
  if (child.length > 0) {
    await timed(child.join(' '), async () => {
      const { exitCode, problem } = await runChild(child, server.env);
      if (problem !== undefined) return `${child[0]} could not be started: ${problem}`;
      return exitCode === 0 ? undefined : `the command ended with exit code ${exitCode}`;
    });
  }
  const deadline = performance.now() + timeoutMs;
  for (const expectation of expectations) {
    await timed(nameOf(expectation), async () => {
      const left = Math.max(deadline - performance.now(), 1);
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
