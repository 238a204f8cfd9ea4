/**
 * The log: pino on standard error. JSON for machines; on a terminal one readable line each.
 *
 *   12:00:01 info  listening listener=udp address=127.0.0.1:8125
 */
import { type Logger, pino } from 'pino';

export type { Logger };

/** Levels as the Agent spells them, and pino's names for them. */
const PINO_LEVELS: Readonly<Record<string, string>> = { off: 'silent', critical: 'fatal' };
const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** Fields every line has, which people do not need to see. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err']);

export interface LogStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Makes the log; `level` is the value of `log_level`. */
export function makeLogger(level: string, stream: LogStream = process.stderr): Logger {
  const options = { level: PINO_LEVELS[level] ?? level, base: null };
  if (stream.isTTY === true) {
    return pino(options, { write: (line: string) => void stream.write(readable(line)) });
  }
  return pino(options, stream === process.stderr ? pino.destination({ fd: 2, sync: true }) : stream);
}

/** One JSON line as people like to read it. Exported for tests. */
export function readable(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown> & { level: number; time: number; msg?: string };
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const level = (LEVEL_NAMES[entry.level] ?? String(entry.level)).padEnd(5);
  const fields = Object.entries(entry)
    .filter(([name]) => !HIDDEN.has(name))
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' ? quoteIfNeeded(value) : JSON.stringify(value)}`,
    );
  const error = entry.err as { message?: string } | undefined;
  if (error?.message !== undefined) fields.push(`error=${quoteIfNeeded(error.message)}`);
  return `${[time, level, entry.msg ?? '', ...fields].join(' ')}\n`;
}

/** Text that could drive a terminal, or that has spaces, in quotes with escapes. */
function quoteIfNeeded(text: string): string {
  return /^[\w.:/@[\]+-]+$/.test(text)
    ? text
    : JSON.stringify(text).replace(/[\u007f-\u009f]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
