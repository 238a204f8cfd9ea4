/**
 * What no single key of the Datadog delivery can tell: keys that only make sense together, the file of the API key,
 * handles of secrets, and values that the Agent replaces (docs/delivery.md).
 */

import { PIPE_WAIT_MS, readFileNow } from '../../lib/files/plain-file.ts';
import { maskUrl } from '../../lib/text/mask.ts';
import type { Config } from '../schema.ts';
import { describeSource, type Findings, type Setting } from '../sources/setting.ts';
import { checkReadable, checkReceivers } from './check-receivers.ts';

const KEY_BYTES_MAX = 64 * 1024;

/** Puts the content of `api_key_file` in the place of `api_key`. */
export function readKeyFile(settings: Map<string, Setting>, findings: Findings): void {
  const file = settings.get('api_key_file');
  if (file === undefined || typeof file.value !== 'string' || file.value === '') return;
  const key = settings.get('api_key');
  if (key !== undefined && key.value !== '') {
    findings.report(
      'ERR_CONFIG_DUPLICATE_KEY',
      `api_key (${describeSource(key.source)}) and api_key_file (${describeSource(file.source)}) are both set; keep one`,
    );
    return;
  }
  try {
    const value = readKey(file.value);
    if (value === '') findings.report('ERR_CONFIG_INVALID_VALUE', `the API key file ${file.value} is empty`);
    else settings.set('api_key', { key: 'api_key', value, source: { kind: 'file', path: file.value } });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    findings.report(
      'ERR_CONFIG_UNREADABLE',
      `the API key file ${file.value} cannot be read: ${reason}`,
      cause,
    );
  }
}

/** The content of a file of a key. Throws when it cannot be read. */
export function readKey(path: string): string {
  return readFileNow(path, { bytesMax: KEY_BYTES_MAX, waitMs: PIPE_WAIT_MS }).toString().trim();
}

export function checkDelivery(config: Config, findings: Findings): void {
  const usesDatadog = config.outputs.datadog.enabled && listKeys(config).length > 0;
  if (config.outputs.datadog.enabled) {
    checkFurther(config, findings);
    checkFailover(config, findings);
    checkWorkers(config, findings);
  }
  if (checkReceivers(config, findings) || usesDatadog) checkStorage(config, findings);
  if (!usesDatadog) return;
  for (const [place, key] of listKeys(config)) {
    if (!/^ENC\[/.test(key)) continue;
    findings.report(
      'ERR_CONFIG_INVALID_VALUE',
      `${place} is a handle, ENC[...]: secret backends are not supported; set api_key_file to a file with the key`,
    );
  }
  checkReadable(config.outputs.datadog.ca_file, findings, 'outputs.datadog.ca_file');
  for (const name of ['http', 'https'] as const) checkProxy(name, config.proxy[name], findings);
  replaceInvalid(config, findings);
}

/** One that cannot be read is not known to be empty. */
function isEmptyFile(path: string): boolean {
  try {
    return readKey(path) === '';
  } catch {
    return false;
  }
}

/** Each further Datadog output has one key, and no two have the same at one place. */
function checkFurther({ outputs, site }: Config, findings: Findings): void {
  const seen = new Set<string>();
  outputs.datadog.additional.forEach((one, i) => {
    const place = `outputs.datadog.additional, entry ${i + 1}`;
    const report = (text: string) => findings.report('ERR_CONFIG_INVALID_VALUE', `${place}: ${text}`);
    const { api_key: key, api_key_file: path } = one;
    if ((key === '') === (path === '')) report('needs one of api_key and api_key_file');
    if (path !== '') {
      checkReadable(path, findings, `${place}: api_key_file`);
      if (isEmptyFile(path)) report(`the API key file ${path} is empty`);
    }
    const identity = JSON.stringify([one.dd_url || one.site || site, key, path]);
    if (seen.has(identity))
      report('has the place and key of one before it; put their patterns into one match');
    seen.add(identity);
  });
}

/** The failover region has a key and a place of its own; those of the first region are never used for it. */
function checkFailover({ multi_region_failover: failover }: Config, findings: Findings): void {
  const { enabled, failover_metrics: isSent, api_key: key, site, dd_url: url } = failover;
  if (!enabled || !isSent) return;
  const report = (text: string) =>
    findings.report('ERR_CONFIG_INVALID_VALUE', `multi_region_failover.failover_metrics is on: ${text}`);
  if (key === '') report('set multi_region_failover.api_key to the key of the failover region');
  if (site === '' && url === '') report('set multi_region_failover.site to the site of the failover region');
}

/** A worker that metrics are to go through is somewhere. */
function checkWorkers(config: Config, findings: Findings): void {
  for (const name of ['observability_pipelines_worker', 'vector'] as const) {
    const { enabled, url } = config[name].metrics;
    if (enabled && url === '')
      findings.report(
        'ERR_CONFIG_INVALID_VALUE',
        `${name}.metrics.enabled is on: set ${name}.metrics.url to where it is`,
      );
  }
}

function checkStorage(config: Config, findings: Findings): void {
  if (config.forwarder_storage_max_size_in_bytes > 0 && storageFolder(config) === '') {
    findings.report(
      'ERR_CONFIG_INVALID_VALUE',
      'forwarder_storage_max_size_in_bytes is set and there is no folder for the files; set forwarder_storage_path',
    );
  }
  if (config.forwarder_storage_path !== '' && config.forwarder_storage_max_size_in_bytes === 0) {
    findings.warn(
      'forwarder_storage_path is set and nothing is kept there: forwarder_storage_max_size_in_bytes is 0; set it to the room there is',
    );
  }
}

/** Where retry files go; empty when nothing says it. */
export function storageFolder({ forwarder_storage_path, run_path }: Config): string {
  if (forwarder_storage_path !== '') return forwarder_storage_path;
  return run_path === '' ? '' : `${run_path}/transactions_to_retry`;
}

/** Every key with where it stands. */
function listKeys({
  api_key,
  additional_endpoints,
  outputs,
  multi_region_failover: failover,
}: Config): [place: string, key: string][] {
  const others = Object.entries(additional_endpoints).flatMap(([url, keys]) =>
    keys.map((key): [string, string] => [`a key of ${maskUrl(url)} in additional_endpoints`, key]),
  );
  const further = outputs.datadog.additional.map(
    ({ api_key: key, api_key_file: path }, i): [string, string] => [
      `the key of entry ${i + 1} in outputs.datadog.additional`,
      key || path,
    ],
  );
  const second = failover.enabled && failover.failover_metrics ? failover.api_key : '';
  return [
    ['api_key', api_key] as [string, string],
    ...others,
    ...further,
    ['multi_region_failover.api_key', second] as [string, string],
  ].filter(([, key]) => key !== '');
}

/** Checked only when it is used: HTTP_PROXY may be there for other programs. */
function checkProxy(name: string, proxy: string, findings: Findings): void {
  if (proxy === '') return;
  const url = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (URL.canParse(url) && /^https?:/i.test(url)) return;
  findings.report(
    'ERR_CONFIG_INVALID_VALUE',
    `proxy.${name} is ${maskUrl(proxy)}; allowed: an http or https URL, as http://proxy:3128`,
  );
}

/** The Agent takes a default in place of a value that makes no sense; so do we, and say so. */
function replaceInvalid(config: Config, findings: Findings): void {
  const rules = [
    ['forwarder_backoff_factor', config.forwarder_backoff_factor >= 2, 2],
    ['forwarder_backoff_base', config.forwarder_backoff_base > 0, 2],
    ['forwarder_backoff_max', config.forwarder_backoff_max > 0, 64],
    ['forwarder_recovery_interval', config.forwarder_recovery_interval > 0, 2],
    ['forwarder_apikey_validation_interval', config.forwarder_apikey_validation_interval > 0, 60],
  ] as const;
  for (const [key, isValid, used] of rules) {
    if (!isValid)
      findings.warn(
        `${key} is ${config[key]}, which makes no sense; ${used} is used instead, as in the Agent`,
      );
  }
}
