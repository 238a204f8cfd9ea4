/**
 * Reads settings from a `datadog.yaml`-shaped file.
 *
 *   http:                      http.port: 8127
 *     port: 8127        and                         are the same setting
 *
 * The file is read once, synchronously, when the configuration is loaded. Everything wrong in it is
 * reported with its place; nothing here throws.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import {
  explainForeignPath,
  explainUnknownPath,
  isOurs,
  isSection,
  isUnusedPath,
  keyOfPath,
} from './key-names.ts';
import { CONFIG_KEYS } from './schema.ts';
import { type Findings, Layer, type Setting, type Source } from './setting.ts';
import { showValue } from './show-value.ts';

/** More errors than this are the consequence of the first ones. */
const SYNTAX_ERRORS_MAX = 5;

export function readConfigFile(path: string, findings: Findings): Iterable<Setting> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report(
      'ERR_CONFIG_UNREADABLE',
      `the configuration file ${path} cannot be read: ${reason}`,
      cause,
    );
    return [];
  }
  const root = parseYaml(content, path, findings);
  return root === undefined ? [] : collectSettings(root, path, findings);
}

function parseYaml(content: string, path: string, findings: Findings): object | undefined {
  const lines = new LineCounter();
  try {
    // `merge` because the Agent's reader knows `<<` too; the level keeps yaml from printing warnings.
    const document = parseDocument(content, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      logLevel: 'error',
    });
    for (const error of document.errors.slice(0, SYNTAX_ERRORS_MAX)) {
      const { line, col } = lines.linePos(error.pos[0]);
      findings.report('ERR_CONFIG_SYNTAX', `${path}:${line}:${col}: ${error.message}`, error);
    }
    if (document.errors.length > 0) return undefined;
    const root: unknown = document.toJS();
    if (root === null || root === undefined) return undefined;
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

function collectSettings(root: object, file: string, findings: Findings): Iterable<Setting> {
  const source: Source = { kind: 'file', path: file };
  const layer = new Layer(findings);
  for (const [name, value] of Object.entries(root)) visit(name, value);
  return layer.settings.values();

  function visit(path: string, value: unknown): void {
    const key = keyOfPath(path);
    if (isSection(path) && isMap(value)) {
      for (const [name, inner] of Object.entries(value)) visit(`${path}.${name}`, inner);
    } else if (key === undefined && !isSection(path)) {
      reportUnknown(path);
    } else if (value === null || value === undefined) {
      // `dogstatsd_tags:` with nothing after it sets nothing.
    } else if (key !== undefined) {
      layer.add({ key, value, source });
    } else {
      findings.report('ERR_CONFIG_INVALID_VALUE', explainSection(path, value, file));
    }
  }

  function reportUnknown(path: string): void {
    if (isUnusedPath(path)) {
      findings.noteUnused(path);
    } else if (isOurs(path)) {
      findings.report('ERR_CONFIG_UNKNOWN_KEY', `${explainUnknownPath(path)} (file ${file})`);
    } else {
      const warning = explainForeignPath(path);
      if (warning !== undefined) findings.warn(`${warning} (file ${file})`);
    }
  }
}

function explainSection(path: string, value: unknown, file: string): string {
  const members = CONFIG_KEYS.filter((key) => key.path.startsWith(`${path}.`)).map((key) => key.path);
  return `${path} is ${showValue(value)} (file ${file}); it is a section: set ${members.join(' or ')}`;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
