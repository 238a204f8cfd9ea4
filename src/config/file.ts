/**
 * Reads settings from a `datadog.yaml`-shaped file, or from an object of the same shape.
 *
 *   http:                      http.port: 8127
 *     port: 8127        and                         are the same setting
 *
 * The file is read once, synchronously, when the configuration is loaded. Everything wrong in it is
 * reported with its place; nothing here throws.
 */
import { maskUrl } from '../lib/mask.ts';
import {
  explainForeignPath,
  explainUnknownPath,
  isOurs,
  isSection,
  isUnusedPath,
  keyOfPath,
} from './key-names.ts';
import { CONFIG_KEYS } from './schema.ts';
import { describeSource, type Findings, Layer, type Setting, type Source } from './setting.ts';
import { showValue } from './show-value.ts';
import { isMap, readYamlFile } from './yaml-file.ts';

export function readConfigFile(path: string, findings: Findings): Iterable<Setting> {
  const root = readYamlFile({ path, what: 'configuration file' }, findings);
  return root === undefined ? [] : collectSettings(root, { kind: 'file', path }, findings);
}

/** Reads settings from an object in the shape of the file. */
export function readValues(values: object, findings: Findings): Iterable<Setting> {
  return collectSettings(values, { kind: 'values' }, findings);
}

function collectSettings(root: object, source: Source, findings: Findings): Iterable<Setting> {
  const layer = new Layer(findings);
  for (const [name, value] of Object.entries(root)) visit(name, value);
  return layer.settings.values();

  function visit(path: string, value: unknown): void {
    const key = keyOfPath(path);
    // `telemetry.dogstatsd` is a value here, and in the Agent also a section of keys that are not used.
    const isBoth = key !== undefined && isMap(value) && isUnusedPath(`${path}.`);
    if ((isSection(path) && isMap(value)) || isBoth) {
      for (const [name, inner] of Object.entries(value)) visit(`${path}.${name}`, inner);
    } else if (key === undefined && !isSection(path)) {
      reportUnknown(path);
    } else if (value === null || value === undefined) {
      // `dogstatsd_tags:` with nothing after it sets nothing.
    } else if (key !== undefined) {
      layer.add({ key, value, source });
    } else {
      findings.report('ERR_CONFIG_INVALID_VALUE', explainSection(path, value, source));
    }
  }

  function reportUnknown(path: string): void {
    if (isUnusedPath(path)) {
      findings.noteUnused(path);
    } else if (isOurs(path)) {
      findings.report('ERR_CONFIG_UNKNOWN_KEY', `${explainUnknownPath(path)} (${describeSource(source)})`);
    } else {
      const warning = explainForeignPath(path);
      if (warning !== undefined) findings.warn(`${warning} (${describeSource(source)})`);
    }
  }
}

function explainSection(path: string, value: unknown, source: Source): string {
  const members = CONFIG_KEYS.filter((key) => key.path.startsWith(`${path}.`)).map((key) => key.path);
  return `${path} is ${maskUrl(showValue(value))} (${describeSource(source)}); it is a section: set ${members.join(' or ')}`;
}
