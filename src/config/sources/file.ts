/**
 * Reads settings from a `datadog.yaml`-shaped file, or from an object of the same shape.
 *
 *   http:                      http.port: 8127
 *     port: 8127        and                         are the same setting
 *
 * The file is read once, synchronously, when the configuration is loaded. Everything wrong in it is
 * reported with its place; nothing here throws.
 */
import { maskUrl } from '../../lib/text/mask.ts';
import {
  explainForeignPath,
  explainUnknownPath,
  firstMember,
  holdsUnusedKeys,
  isOurs,
  isSection,
  keyOfPath,
  unusedKeyOfPath,
} from '../keys/key-names.ts';
import { showValue } from '../views/show-value.ts';
import { describeSource, type Findings, Layer, type Setting, type Source } from './setting.ts';
import { isMap, readYamlFile } from './yaml-file.ts';

export function readConfigFile(path: string, findings: Findings): Iterable<Setting> {
  const root = readYamlFile({ path, what: 'configuration file' }, findings);
  return root === undefined ? [] : collectSettings(root, { kind: 'file', path }, findings, false);
}

/** Reads settings from an object in the shape of the file; with `allOurs`, every unknown key is an error. */
export function readValues(values: object, findings: Findings, allOurs = false): Iterable<Setting> {
  return collectSettings(values, { kind: 'values' }, findings, allOurs);
}

function collectSettings(
  root: object,
  source: Source,
  findings: Findings,
  allOurs: boolean,
): Iterable<Setting> {
  const layer = new Layer(findings);
  for (const [name, value] of Object.entries(root)) visit(name, value);
  return layer.settings.values();

  function visit(path: string, value: unknown): void {
    const key = keyOfPath(path);
    // `telemetry.dogstatsd` is a value here, and in the Agent also a section of keys that are not used.
    const isBoth = key !== undefined && isMap(value) && unusedKeyOfPath(`${path}.`) !== undefined;
    const isLookedInto = isSection(path) || (key === undefined && holdsUnusedKeys(path));
    if ((isLookedInto && isMap(value)) || isBoth) {
      for (const [name, inner] of Object.entries(value)) visit(`${path}.${name}`, inner);
    } else if (key === undefined && !isSection(path)) {
      reportUnknown(path, value);
    } else if (value === null || value === undefined) {
      // `dogstatsd_tags:` with nothing after it sets nothing.
    } else if (key !== undefined) {
      layer.add({ key, value, source });
    } else {
      findings.report('ERR_CONFIG_INVALID_VALUE', explainSection(path, value, source));
    }
  }

  function reportUnknown(path: string, value: unknown): void {
    const unused = unusedKeyOfPath(path);
    if (unused !== undefined) {
      findings.noteUnused(unused, { key: path, value, source });
    } else if (allOurs || isOurs(path)) {
      findings.report('ERR_CONFIG_UNKNOWN_KEY', `${explainUnknownPath(path)} (${describeSource(source)})`);
    } else {
      const warning = explainForeignPath(path);
      if (warning !== undefined) findings.warn(`${warning} (${describeSource(source)})`);
    }
  }
}

function explainSection(path: string, value: unknown, source: Source): string {
  const shown = maskUrl(showValue(value));
  return `${path} is ${shown} (${describeSource(source)}); it is a section: set a key in it, such as ${firstMember(path)}`;
}
