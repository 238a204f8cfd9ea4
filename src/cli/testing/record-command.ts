/** Runs `whippet record`: a command's metrics as a contract, printed, stored, or compared with a stored one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Contract,
  compareContract,
  contractOf,
  formatContract,
  parseContract,
} from '../../testing/contract.ts';
import { ExpectationTextError, parseDuration } from '../../testing/expectations/expectation-text.ts';
import { formatJunit } from '../../testing/junit.ts';
import type { TestServer } from '../../testing/test-server/test-server.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import { environmentFor } from './child-environment.ts';
import { checkResultFile } from './result-files.ts';
import { runChild } from './run-child.ts';
import { startFromOptions, type TestServerCommandOptions } from './test-server-options.ts';

export interface RecordCommandOptions extends TestServerCommandOptions {
  /** A capture, or another recording, to take instead of a command's packets. */
  readonly from?: string;
  readonly filter?: readonly string[];
  readonly golden?: string;
  readonly update?: boolean;
  readonly bounds?: boolean;
  readonly allowNew?: boolean;
  readonly settle: string;
  readonly junit?: string;
}

export interface RecordStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const PROCESS_STREAMS: RecordStreams = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/** Throws ContractError for a bad --golden file, ExpectationTextError for a bad time or a file that is not there. */
export async function recordCommand(
  child: readonly string[],
  options: RecordCommandOptions,
  { out, err }: RecordStreams = PROCESS_STREAMS,
): Promise<ExitCode> {
  const { golden, from, filter = [] } = options;
  if (from === undefined && child.length === 0)
    throw new ExpectationTextError('no command; give one after --, or a capture with --from');
  if (from !== undefined && child.length > 0)
    throw new ExpectationTextError('--from and a command exclude each other');
  if (from === undefined && filter.length > 0) throw new ExpectationTextError('--filter belongs to --from');
  const settleMs = parseDuration(options.settle);
  checkResultFile('--junit', options.junit);
  if (options.update === true) {
    if (golden === undefined)
      throw new ExpectationTextError('--update needs the file to write: --golden <file>');
    checkResultFile('--golden', golden);
  }
  // Read first: a command that takes minutes is not run for a file that cannot be read.
  const wanted = golden === undefined || options.update === true ? undefined : readGolden(golden);
  const server = await startFromOptions(options);
  const start = performance.now();
  try {
    const differences: string[] = [];
    if (from !== undefined) {
      for (const note of (await server.play(from, { filter })).notes) differences.push(`${from}: ${note}`);
    } else differences.push(...(await runClient(child, server, settleMs, err)));
    if (wanted === undefined) {
      const contract = formatContract(contractOf(server, { bounds: options.bounds === true }));
      if (golden === undefined) out(contract);
      else if (differences.length === 0) {
        writeFileSync(golden, contract);
        err(`wrote ${golden}\n`);
      }
    } else {
      const has = contractOf(server, { bounds: true });
      differences.push(...compareContract(wanted, has, { allowNew: options.allowNew === true }));
      if (differences.length === 0) err(`${golden} is kept: ${wanted.metrics.length} metrics\n`);
    }
    for (const difference of differences) err(`- ${difference}\n`);
    if (options.junit !== undefined) writeJunit(options.junit, differences, performance.now() - start);
    return differences.length === 0 ? EXIT_CODES.ok : EXIT_CODES.failure;
  } finally {
    await server.close();
  }
}

/** Runs the command and waits for what it sent last; what went wrong with it, a sentence each. */
async function runClient(
  child: readonly string[],
  server: TestServer,
  settleMs: number,
  err: (text: string) => void,
): Promise<string[]> {
  const { exitCode, problem } = await runChild(child, environmentFor(server, err));
  await sleep(settleMs);
  if (problem !== undefined) return [`${child[0]} could not be started: ${problem}`];
  return exitCode === 0 ? [] : [`the command ended with exit code ${exitCode}`];
}

function readGolden(file: string): Contract {
  if (!existsSync(file)) {
    throw new ExpectationTextError(
      `--golden ${file}: there is no such file; run the same command with --update once to write it, then commit it`,
    );
  }
  return parseContract(readFileSync(file, 'utf8'));
}

function writeJunit(file: string, differences: readonly string[], durationMs: number): void {
  const failure = differences.length === 0 ? {} : { failure: differences.join('\n') };
  writeFileSync(
    file,
    formatJunit('whippet record', [{ name: 'the contract is kept', durationMs, ...failure }]),
  );
}
