/** Runs `whippet record`: a command's metrics as a contract, printed, stored, or compared with a stored one. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Contract,
  compareContract,
  contractOf,
  formatContract,
  parseContract,
} from '../testing/contract.ts';
import { formatJunit } from '../testing/junit.ts';
import { parseDuration } from '../testing/test-server/expectation-text.ts';
import { EXIT_CODES, type ExitCode } from './exit.ts';
import { runChild } from './run-child.ts';
import { startFromOptions, type TestServerCommandOptions } from './test-server-options.ts';

export interface RecordCommandOptions extends TestServerCommandOptions {
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

/** Throws ContractError for a bad --golden file, ExpectationTextError for a bad time. */
export async function recordCommand(
  child: readonly string[],
  options: RecordCommandOptions,
  { out, err }: RecordStreams = PROCESS_STREAMS,
): Promise<ExitCode> {
  const { golden } = options;
  const settleMs = parseDuration(options.settle);
  // Read first: a command that takes minutes is not run for a file that cannot be read.
  const wanted = golden === undefined || options.update === true ? undefined : readGolden(golden);
  const server = await startFromOptions(options);
  const start = performance.now();
  try {
    const { exitCode, problem } = await runChild(child, server.env);
    await sleep(settleMs);
    const differences: string[] = [];
    if (problem !== undefined) differences.push(`${child[0]} could not be started: ${problem}`);
    else if (exitCode !== 0) differences.push(`the command ended with exit code ${exitCode}`);
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

function readGolden(file: string): Contract {
  return parseContract(readFileSync(file, 'utf8'));
}

function writeJunit(file: string, differences: readonly string[], durationMs: number): void {
  const failure = differences.length === 0 ? {} : { failure: differences.join('\n') };
  writeFileSync(
    file,
    formatJunit('whippet record', [{ name: 'the contract is kept', durationMs, ...failure }]),
  );
}
