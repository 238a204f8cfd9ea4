/**
 * Where payloads go: each intake with its keys (docs/delivery.md).
 *
 *   dd_url, or https://app.<site>   + api_key ─────┐
 *   additional_endpoints: URL ─▶ keys ─────────────┴─▶ domains, each once, with each of its keys once
 *
 * The host of a Datadog site carries our version, as the Agent's does: `https://0-1-0-app.agent.datadoghq.com`.
 */
import { createHash } from 'node:crypto';
import { maskUrl } from '../../lib/text/mask.ts';
import type { FileKey } from './key-set.ts';

export interface IntakeDomain {
  /** As configured, without a slash at the end; names the domain for people and its folder on disk. */
  readonly url: string;
  /** Where requests go. */
  readonly base: string;
  /** Where keys are validated. */
  readonly validationBase: string;
  readonly keys: readonly string[];
  /** Which of the keys is the content of a file. */
  readonly fileKey?: FileKey;
  /** The name of its output, where that is not the first: several may send to one URL, each with a key of its own. */
  readonly output?: string;
}

/** The domain for people, in the log and as label; without secrets. */
export function shownDomain({ url, output }: Pick<IntakeDomain, 'url' | 'output'>): string {
  return output === undefined ? maskUrl(url) : `${maskUrl(url)} (${output})`;
}

/**
 * The name of its folder of retry files. That of a further output follows from its keys, so that outputs may change places, or
 * from the file of its key, which may get another one.
 */
export function folderOf({
  url,
  keys,
  fileKey,
  output,
}: Pick<IntakeDomain, 'url' | 'keys' | 'fileKey' | 'output'>): string {
  const own = fileKey === undefined ? keys : [fileKey.path];
  const identity = output === undefined ? url : [url, ...own].join(' ');
  return createHash('md5').update(identity).digest('hex');
}

export interface ListenerSettings {
  readonly dd_url: string;
  readonly site: string;
  readonly api_key: string;
  /** Where `api_key` was read from. */
  readonly api_key_file?: string;
  readonly additional_endpoints: Readonly<Record<string, readonly string[]>>;
}

// https://app.datadoghq.com, https://app.datadoghq.eu, https://us3.datadoghq.com, https://app.ddog-gov.com, …
const DATADOG_HOST = /^(?:(?:app|api)\.)?(([a-z]{2}\d\.)?(datadoghq\.[a-z]+|ddog-gov\.com))$/;
const SITE = /([a-z]{2}\d\.)?(datadoghq\.[a-z]+|ddog-gov\.com)$/;

/** Whether the URL is that of Datadog itself, not of a proxy or another service. */
export function isDatadogUrl(url: string): boolean {
  return /(?:^|\.)(?:datadoghq\.[a-z]+|ddog-gov\.com)$/.test(new URL(url).hostname);
}

/** Domains with keys, the main one first; `withoutKeys` lists those that nothing can be sent to. */
export function listDomains(
  { dd_url, site, api_key, api_key_file = '', additional_endpoints }: ListenerSettings,
  version: string,
): { domains: IntakeDomain[]; withoutKeys: string[] } {
  const keysByUrl = new Map<string, Set<string>>();
  const add = (url: string, keys: readonly string[]): void => {
    const bare = url.replace(/\/+$/, '');
    const known = keysByUrl.get(bare) ?? new Set();
    for (const key of keys) if (key.trim() !== '') known.add(key.trim());
    keysByUrl.set(bare, known);
  };
  const isOn = api_key !== '' || Object.keys(additional_endpoints).length > 0;
  if (isOn) add(dd_url === '' ? `https://app.${site}` : dd_url, [api_key]);
  for (const [url, keys] of Object.entries(additional_endpoints)) add(url, keys);
  const domains: IntakeDomain[] = [];
  const withoutKeys: string[] = [];
  for (const [url, keys] of keysByUrl) {
    if (keys.size === 0) {
      withoutKeys.push(url);
      continue;
    }
    // The main domain is the first.
    const isFromFile = domains.length + withoutKeys.length === 0 && api_key !== '' && api_key_file !== '';
    domains.push({
      url,
      base: intakeBase(url, version),
      validationBase: validationBase(url),
      keys: [...keys],
      ...(isFromFile && { fileKey: { path: api_key_file, key: api_key.trim() } }),
    });
  }
  return { domains, withoutKeys };
}

/** The URL with our version in its host, when it is one of Datadog's. */
export function intakeBase(url: string, version: string): string {
  const parsed = new URL(url);
  const match = DATADOG_HOST.exec(parsed.hostname);
  if (match === null) return url;
  const [major = '0', minor = '0', patch = '0'] = version.split(/[.-]/);
  parsed.hostname = `${major}-${minor}-${patch}-app.agent.${match[1]}`;
  return parsed.href.replace(/\/+$/, '');
}

/** Keys are validated by the API of the site; other intakes do it themselves. */
function validationBase(url: string): string {
  const match = SITE.exec(new URL(url).hostname);
  return match === null ? url : `https://api.${match[0]}`;
}
