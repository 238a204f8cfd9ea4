/**
 * Reads a YAML file whole, synchronously. Everything wrong with it is reported with its place; nothing here
 * throws.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { Findings } from './setting.ts';

/** More errors than this are the consequence of the first ones. */
const SYNTAX_ERRORS_MAX = 5;

export interface YamlFile {
  readonly path: string;
  /** What the file is, for people: `configuration file`. */
  readonly what: string;
  /** Every scalar is text as written: `12e4` may be a container id. */
  readonly textOnly?: boolean;
}

/** Returns the map the file holds; undefined when it is empty, or wrong, which is reported. */
export function readYamlFile(file: YamlFile, findings: Findings): object | undefined {
  try {
    return parseYaml(readFileSync(file.path, 'utf8'), file, findings);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report(
      'ERR_CONFIG_UNREADABLE',
      `the ${file.what} ${file.path} cannot be read: ${reason}`,
      cause,
    );
    return undefined;
  }
}

function parseYaml(
  content: string,
  { path, textOnly = false }: YamlFile,
  findings: Findings,
): object | undefined {
  const lines = new LineCounter();
  try {
    // `merge` because the Agent's reader knows `<<` too; the level keeps yaml from printing warnings.
    const document = parseDocument(content, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      logLevel: 'error',
      ...(textOnly && { schema: 'failsafe' as const, customTags: ['null' as const] }),
    });
    for (const error of document.errors.slice(0, SYNTAX_ERRORS_MAX)) {
      const { line, col } = lines.linePos(error.pos[0]);
      findings.report('ERR_CONFIG_SYNTAX', `${path}:${line}:${col}: ${error.message}`, error);
    }
    if (document.errors.length > 0) return undefined;
    const root: unknown = document.toJS();
    if (root === null || root === undefined || root === '') return undefined;
    if (isMap(root)) return root;
  } catch (cause) {
    // Aliases that are undefined or multiply without end, and nesting deeper than the stack.
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report('ERR_CONFIG_SYNTAX', `${path}: ${reason}`, cause);
    return undefined;
  }
  findings.report('ERR_CONFIG_SYNTAX', `${path}:1:1: the file is not a map of keys and values`);
  return undefined;
}

export function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
