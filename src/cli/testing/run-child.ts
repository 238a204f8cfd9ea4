/** Runs a command as a child, with an environment of its own, its output going where ours goes. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a shell answers for a command that a signal ended, and for one it cannot find. */
const SIGNAL_BASE = 128;
export const NOT_FOUND = 127;

export interface ChildEnd {
  /** As a shell tells it. */
  readonly exitCode: number;
  /** Why it could not be started. */
  readonly problem?: string;
}

/** Resolves when the command has ended; SIGINT and SIGTERM are passed on to it. Never rejects. */
export function runChild(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', env });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, forward);
    const end = (result: ChildEnd): void => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, forward);
      resolve(result);
    };
    child.once('error', (error) => end({ exitCode: NOT_FOUND, problem: error.message }));
    child.once('exit', (code, signal) =>
      end({ exitCode: signal === null ? (code ?? 1) : SIGNAL_BASE + constants.signals[signal] }),
    );
  });
}
