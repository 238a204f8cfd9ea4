/**
 * Puts the configured namespace before metric names (docs/protocol.md#from-message-to-sample).
 *
 *   statsd_metric_namespace: shop      page.views ─▶ shop.page.views
 *
 * Names of well-known integrations are left alone, so that their dashboards still find them. The list is
 * one of plain text prefixes: `kafka` also exempts `kafkaesque.size`.
 */
import { type ByteString, toByteString } from '../model/text.ts';

export interface Namespace {
  /** With its final dot; empty when there is no namespace. */
  readonly prefix: ByteString;
  readonly exempt: readonly ByteString[];
}

export function compileNamespace(namespace: string, exemptions: readonly string[]): Namespace {
  const prefix = namespace === '' || namespace.endsWith('.') ? namespace : `${namespace}.`;
  return { prefix: toByteString(prefix), exempt: exemptions.map(toByteString) };
}

/** Returns the name in the namespace; a name that already has the prefix gets it once more. */
export function addNamespace(namespace: Namespace, name: ByteString): ByteString {
  if (namespace.prefix === '') return name;
  return exemptingEntry(namespace, name) === undefined ? namespace.prefix + name : name;
}

/** Returns the entry of the exemptions that keeps `name` out of the namespace; undefined when there is none. */
export function exemptingEntry(namespace: Namespace, name: ByteString): ByteString | undefined {
  return namespace.exempt.find((prefix) => name.startsWith(prefix));
}
