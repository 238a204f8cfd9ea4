/**
 * Keys that have the Agent's name and do not do exactly the same (docs/differences.md). A sentence that holds for every
 * value, or for some.
 */

const HOST_TAGS =
  'the tags are on the data itself and in every output; the Agent sends them to Datadog once, as metadata of the host';

type Differs = string | ((value: unknown) => string | undefined);

export const KEY_DIFFERENCES: Readonly<Record<string, Differs>> = {
  dogstatsd_port: (value) =>
    Number(value) === 0
      ? 'any free port is taken; in the Agent, 0 turns UDP off, which is -1 here'
      : undefined,
  dogstatsd_eol_required: 'applies to each datagram; the Agent joins datagrams before it looks at their end',
  'dogstatsd_mem_based_rate_limiter.enabled': (value) =>
    isOff(value) ? undefined : 'covers every listener; in the Agent, Unix sockets only',
  dogstatsd_mapper_profiles: 'an invalid rule is refused at the start; the Agent warns and maps nothing',
  metric_tag_filterlist: 'applies to all types; in the Agent, to those that its release covers',
  tags: HOST_TAGS,
  extra_tags: HOST_TAGS,
  env: HOST_TAGS,
  cluster_name: HOST_TAGS,
  statsd_forward_host: 'the name is looked up again every 30 seconds, and a slow target slows nothing down',
  dogstatsd_flush_incomplete_buckets: (value) =>
    isOff(value) ? undefined : 'is on by default here; off by default in the Agent',
  forwarder_storage_path:
    'files go to whippet/ below it, in a format of their own; what an Agent left there is not sent',
  serializer_compressor_kind: (value) =>
    value === 'zstd' ? 'needs Node.js 22.15; before, payloads are compressed with zlib' : undefined,
  'multi_region_failover.failover_metrics': 'is read at the start; Datadog cannot change it from afar',
  histogram_copy_to_distribution: 'timestamps of copies open at most 1,000 buckets at once',
  histogram_percentiles: 'are exact up to limits.histogram_values distinct values, and from a sketch beyond',
};

/** Other parts of the Agent, by what their section or key begins with: what is not there without it. */
export const OTHER_PARTS: readonly { readonly prefix: string; readonly lost: string }[] = [
  { prefix: 'logs_enabled', lost: 'logs are not collected' },
  { prefix: 'apm_config', lost: 'traces are not received' },
  { prefix: 'process_config', lost: 'processes are not reported' },
  { prefix: 'network_config', lost: 'network traffic is not observed' },
  { prefix: 'otlp_config', lost: 'OTLP is not received by this part' },
  { prefix: 'jmx_', lost: 'JMX checks do not run' },
  { prefix: 'snmp', lost: 'SNMP is not collected' },
  { prefix: 'runtime_security_config', lost: 'workloads are not watched for security' },
  { prefix: 'compliance_config', lost: 'compliance is not checked' },
];

/** In what the key is not as in the Agent, with this value; undefined when it is the same. */
export function differenceOf(path: string, value: unknown): string | undefined {
  const differs = Object.hasOwn(KEY_DIFFERENCES, path) ? KEY_DIFFERENCES[path] : undefined;
  return typeof differs === 'function' ? differs(value) : differs;
}

function isOff(value: unknown): boolean {
  return value === false || value === 'false' || value === null;
}
