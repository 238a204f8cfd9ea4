/** How to reach Kafka, from the configuration. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import type { KafkaSettings } from '../../global/kafka/kafka-settings.ts';

export function kafkaSettingsOf({ global, hostname }: Config, topicPrefix: string): KafkaSettings {
  const { kafka } = global;
  const file = (path: string): Buffer | undefined => (path === '' ? undefined : readFileSync(path));
  return {
    brokers: kafka.brokers,
    // The client allows no white space, and host names have none; what is configured may.
    clientId: `whippet-${hostname.replaceAll(/\s/g, '_')}`,
    topicPrefix,
    createTopics: kafka.create_topics,
    replicationFactor: kafka.replication_factor,
    minInsyncReplicas: kafka.min_insync_replicas,
    retentionHours: kafka.retention_hours,
    compression: kafka.compression,
    tls: kafka.tls
      ? { ca: file(kafka.tls_ca_file), cert: file(kafka.tls_cert_file), key: file(kafka.tls_key_file) }
      : undefined,
    sasl:
      kafka.sasl_mechanism === 'none'
        ? undefined
        : {
            mechanism: kafka.sasl_mechanism.toUpperCase(),
            username: kafka.sasl_username,
            password: kafka.sasl_password,
          },
  };
}
