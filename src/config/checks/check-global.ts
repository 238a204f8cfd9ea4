/** What no single key of global aggregation can tell: keys that only make sense together. */
import { readFileSync } from 'node:fs';
import type { Config } from '../schema.ts';
import type { Findings } from '../sources/setting.ts';

export function checkGlobal({ global, rules, bucket_seconds }: Config, findings: Findings): void {
  const { role, kafka } = global;
  const isEdge = role === 'edge' || role === 'both';
  if (!isEdge && rules.some((rule) => rule.global === true))
    findings.warn(
      `rules with global: true have no effect while global.role is ${role}; set it to edge or both, or those metrics stay on this server`,
    );
  if (role === 'none') return;
  const report = (message: string): void => findings.report('ERR_CONFIG_INVALID_VALUE', message);
  if (kafka.brokers.length === 0)
    report(`global.role is ${role} and global.kafka.brokers is empty; name a broker or two`);
  checkFormer(global, report, findings);
  if (kafka.min_insync_replicas > kafka.replication_factor)
    report(
      `global.kafka.min_insync_replicas is ${kafka.min_insync_replicas} and global.kafka.replication_factor is ${kafka.replication_factor}; no record would ever be acknowledged`,
    );
  if ((kafka.tls_cert_file === '') !== (kafka.tls_key_file === ''))
    report('global.kafka.tls_cert_file and global.kafka.tls_key_file need each other; set both or neither');
  const tlsFiles = [kafka.tls_ca_file, kafka.tls_cert_file, kafka.tls_key_file].filter((path) => path !== '');
  if (tlsFiles.length > 0 && !kafka.tls)
    report('files for TLS are set and global.kafka.tls is false; set it to true');
  for (const path of tlsFiles) checkReadable(path, report);
  const login = kafka.sasl_mechanism !== 'none';
  if (login && kafka.sasl_username === '')
    report('global.kafka.sasl_mechanism is set and global.kafka.sasl_username is empty');
  if (login && kafka.sasl_password === '')
    report('global.kafka.sasl_mechanism is set and global.kafka.sasl_password is empty');
  if (!login && kafka.sasl_username !== '')
    report('global.kafka.sasl_username is set and global.kafka.sasl_mechanism is none; choose how to log in');
  if (login && kafka.sasl_mechanism === 'plain' && !kafka.tls)
    findings.warn(
      'global.kafka.sasl_mechanism is plain without TLS: the password crosses the network as it is',
    );
  if (isEdge && global.storage_path === '')
    findings.warn(
      'global.storage_path is empty: chunks that wait for Kafka are kept in memory only, and are lost when the server stops',
    );
  if (isEdge && bucket_seconds !== 10)
    findings.warn(`bucket_seconds is ${bucket_seconds}: all edges of a fleet need the same width`);
}

function checkFormer(
  { role, topic, former }: Config['global'],
  report: (message: string) => void,
  findings: Findings,
): void {
  if (former.topic === '') {
    if (former.until !== '')
      report('global.former.until is set and global.former.topic is empty; set both or neither');
    return;
  }
  if (former.until === '')
    report(
      'global.former.topic is set and global.former.until is empty; name the time from which buckets are of global.topic',
    );
  else if (Number.isNaN(Date.parse(former.until)))
    report(`global.former.until is ${former.until}, which is no time; write one such as 2026-12-01T12:00Z`);
  if (former.topic === topic)
    report(
      `global.former.topic and global.topic are both ${topic}; another number of partitions needs another topic`,
    );
  if (role === 'edge')
    findings.warn(
      'global.former has no effect while global.role is edge: an edge sends to global.topic, and what its disk has for another topic to that one',
    );
}

function checkReadable(path: string, report: (message: string) => void): void {
  try {
    readFileSync(path);
  } catch (error) {
    report(`the file ${path} for TLS to Kafka cannot be read: ${(error as Error).message}`);
  }
}
