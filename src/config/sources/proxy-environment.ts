/**
 * The proxy variables that everyone knows: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. They win over the file and lose to
 * DD_PROXY_*, as in the Agent. A variable in capitals that is there, even empty, hides the one in small letters.
 */
import type { Environment } from './environment.ts';
import type { Setting } from './setting.ts';

const KEY_BY_VARIABLE = {
  HTTP_PROXY: 'proxy.http',
  HTTPS_PROXY: 'proxy.https',
  NO_PROXY: 'proxy.no_proxy',
} as const;

export function* readProxyEnvironment(environment: Environment): Iterable<Setting> {
  for (const [capitals, key] of Object.entries(KEY_BY_VARIABLE)) {
    const variable = environment[capitals] === undefined ? capitals.toLowerCase() : capitals;
    const value = environment[variable];
    if (value !== undefined && value !== '') yield { key, value, source: { kind: 'env', variable } };
  }
}
