/**
 * How commands end: exit codes, and errors as people see them.
 *
 *   whippet: ERR_CONFIG_INVALID_VALUE: http.port is "x" (flag --http-port); allowed: …
 *
 * Loads nothing heavy: a configuration error is recognised by its code and its list of problems.
 */
import { CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';

/** 3 is what `whippet status` says when data was lost. */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** The server stopped before it could deliver everything, and lost the rest. */
  lostAtStop: 4,
  /** The same, and the rest is on disk for the next start. */
  keptOnDisk: 5,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** The exit code that tells a supervisor whether starting again could help. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConfigError) return EXIT_CODES.usage;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  return EXIT_CODES.failure;
}

/** What to print about an error, a line or more with a newline at the end; empty when it is printed already. */
export function describeError(error: unknown): string {
  if (error instanceof CommanderError) return '';
  if (error instanceof ConfigError) {
    return error.problems.map((problem) => formatLine(problem.code, problem.message)).join('');
  }
  const code = codeOf(error);
  // Without a code it is our mistake, and the stack is what helps.
  if (code === undefined) return formatLine('ERR_UNEXPECTED', stackOf(error));
  return formatLine(code, (error as Error).message);
}

/** Prints what commander says about wrong usage in the form of all errors. */
export function describeUsage(text: string): string {
  return formatLine('ERR_USAGE', text.replace(/^error: /, '').trimEnd());
}

function formatLine(code: string, message: string): string {
  // Errors of Node begin with their code: "EACCES: permission denied, open …".
  const rest = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  return `whippet: ${code}: ${rest}\n`;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
