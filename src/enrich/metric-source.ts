/**
 * Names the product a metric comes from (docs/protocol.md#from-message-to-sample): `dogstatsd`, or the JMX check that sent it.
 */
import type { ByteString } from '../model/text.ts';

/** The source of a metric that names no JMX check. */
export const DOGSTATSD = 'dogstatsd';

const CUSTOM_JMX_CHECK = 'jmx_custom';

const KNOWN_JMX_CHECKS: ReadonlySet<ByteString> = new Set([
  'activemq',
  'cassandra',
  'confluent_platform',
  'hazelcast',
  'hive',
  'hivemq',
  'hudi',
  'ignite',
  'jboss_wildfly',
  'kafka',
  'presto',
  'solr',
  'sonarqube',
  'tomcat',
  'weblogic',
]);

/** Returns the source for the check named by `dd.internal.jmx_check_name:`, undefined when there is no such tag. */
export function metricSource(jmxCheck: ByteString | undefined): string {
  if (jmxCheck === undefined) return DOGSTATSD;
  return KNOWN_JMX_CHECKS.has(jmxCheck) ? jmxCheck : CUSTOM_JMX_CHECK;
}
