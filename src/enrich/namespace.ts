/**
 * Puts the configured namespace before metric names (spec protocol §8, step 4).
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

/** Default of `statsd_metric_namespace_blacklist`. */
export const DEFAULT_NAMESPACE_EXEMPTIONS: readonly string[] = [
  'datadog.agent',
  'datadog.dogstatsd',
  'datadog.process',
  'datadog.trace_agent',
  'datadog.tracer',
  'activemq',
  'activemq_58',
  'airflow',
  'cassandra',
  'confluent',
  'hazelcast',
  'hive',
  'ignite',
  'jboss',
  'jvm',
  'kafka',
  'presto',
  'sidekiq',
  'solr',
  'tomcat',
  'runtime',
];

export function compileNamespace(namespace: string, exemptions: readonly string[]): Namespace {
  const prefix = namespace === '' || namespace.endsWith('.') ? namespace : `${namespace}.`;
  return { prefix: toByteString(prefix), exempt: exemptions.map(toByteString) };
}

/** Returns the name in the namespace; a name that already has the prefix gets it once more. */
export function addNamespace(namespace: Namespace, name: ByteString): ByteString {
  if (namespace.prefix === '') return name;
  return namespace.exempt.some((prefix) => name.startsWith(prefix)) ? name : namespace.prefix + name;
}
