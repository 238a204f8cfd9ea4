/**
 * What can be wrong with a configuration, and the error that carries it.
 *
 * Loading collects every problem before it fails, so that one run shows all of them. This file loads
 * neither zod nor yaml, so that the command line can recognise the error without them.
 */

export const CONFIG_ERRORS = [
  /** A key has a value that it does not allow. */
  'ERR_CONFIG_INVALID_VALUE',
  /** A key or variable of ours that does not exist. */
  'ERR_CONFIG_UNKNOWN_KEY',
  /** One file or one environment sets the same key twice. */
  'ERR_CONFIG_DUPLICATE_KEY',
  /** The configuration file cannot be read. */
  'ERR_CONFIG_UNREADABLE',
  /** The configuration file is not YAML, or not a map. */
  'ERR_CONFIG_SYNTAX',
  /** An example of a mapper rule does not hold; `whippet config --check` runs them. */
  'ERR_CONFIG_EXAMPLE_FAILED',
  /** Packets would be forwarded to the server that forwards them. */
  'ERR_CONFIG_FORWARD_LOOP',
] as const;
export type ConfigErrorCode = (typeof CONFIG_ERRORS)[number];

export interface ConfigProblem {
  readonly code: ConfigErrorCode;
  /** One sentence: what, where and what to do. */
  readonly message: string;
  /** What exactly is wrong with a mapper rule, for programs: `consecutive_wildcards`, `invalid_regex`, … */
  readonly reason?: string;
  readonly cause?: unknown;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The code of the first problem. */
  readonly code: ConfigErrorCode;
  /** The reason of the first problem. */
  readonly reason: string | undefined;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]]) {
    super(problems.map((problem) => problem.message).join('\n'), { cause: problems[0].cause });
    this.code = problems[0].code;
    this.reason = problems[0].reason;
    this.problems = problems;
  }
}
