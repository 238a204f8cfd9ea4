/**
 * Default of `statsd_metric_namespace_blacklist` (docs/protocol.md#from-message-to-sample): names of well-known integrations, which
 * a namespace does not apply to. Here because the configuration shows it and enrichment uses it.
 */
export const NAMESPACE_EXEMPTIONS: readonly string[] = [
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
