/** What outputs to receivers over HTTP share, from the configuration. */
import { storageFolder } from '../../config/checks/check-delivery.ts';
import type { Config } from '../../config/schema.ts';
import { readVersion } from '../../lib/version.ts';
import type { TlsSettings } from '../../outputs/delivery/tls-options.ts';
import type { HttpSettings } from '../../outputs/ordered/http-post.ts';
import type { QueueSettings } from '../../outputs/ordered/ordered-delivery.ts';
import { proxyOf, storageOf, TLS_VERSIONS } from './open-datadog.ts';

/** Values of the keys of receiver-keys.ts. */
export interface ReceiverConfig {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly password_file: string;
  readonly bearer_token: string;
  readonly bearer_token_file: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca_file: string;
  readonly cert_file: string;
  readonly key_file: string;
  readonly skip_verify: boolean;
  readonly timeout_seconds: number;
  readonly queue_bytes: number;
}

export function httpSettings(config: Config, receiver: ReceiverConfig, tokenScheme?: string): HttpSettings {
  return {
    url: receiver.url,
    timeoutMs: receiver.timeout_seconds * 1000,
    credentials: {
      ...(tokenScheme !== undefined && { tokenScheme }),
      username: receiver.username,
      password: receiver.password,
      passwordFile: receiver.password_file,
      bearerToken: receiver.bearer_token,
      bearerTokenFile: receiver.bearer_token_file,
      headers: receiver.headers,
    },
    tls: tlsSettings(config, receiver),
    proxy: proxyOf(config),
    userAgent: `whippet/${readVersion()}`,
  };
}

export function queueSettings(
  config: Config,
  { queue_bytes: bytesMax }: Pick<ReceiverConfig, 'queue_bytes'>,
): QueueSettings {
  return { bytesMax, storage: storageFolder(config) === '' ? undefined : storageOf(config) };
}

export function tlsSettings(
  { min_tls_version }: Config,
  receiver: Pick<ReceiverConfig, 'skip_verify' | 'ca_file' | 'cert_file' | 'key_file'>,
): TlsSettings {
  return {
    skipVerify: receiver.skip_verify,
    minVersion: TLS_VERSIONS[min_tls_version],
    caFile: receiver.ca_file,
    certFile: receiver.cert_file,
    keyFile: receiver.key_file,
  };
}

/** The receivers of a section that has more of them in `additional`, each with the name of its output: `otlp`, `otlp_2`. */
export function receiversOf<Keys>(
  kind: string,
  section: Keys & { readonly additional: readonly Keys[] },
  isSet: (keys: Keys) => boolean,
): { readonly name: string; readonly keys: Keys }[] {
  return [section as Keys, ...section.additional]
    .filter(isSet)
    .map((keys, i) => ({ name: i === 0 ? kind : `${kind}_${i + 1}`, keys }));
}

/** A URL for people: without login, query and fragment, where secrets may be. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
