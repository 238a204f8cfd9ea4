/**
 * Keys of the Agent's DogStatsD server that this version does not use (docs/behaviour/listeners.md#rate-limiter).
 * They are accepted, so that an Agent's file works, and nobody has to guess what they do here:
 *
 *   a key that changes what arrives      a warning of its own, which says what is different without it
 *   a key that changes how it is done    named in one warning together with the others
 *   a value under which nothing differs  nothing is said
 *
 * A key moves from here to agent-keys.ts when it gets an effect. A name that ends in `.` stands for everything below it.
 */

export interface UnusedAgentKey {
  readonly name: string;
  /** What is different about the data that arrives; absent when nothing is. */
  readonly lost?: string;
  /** With these values nothing is different. */
  readonly harmless?: readonly unknown[] | ((value: unknown) => boolean);
}

const NO_LABEL_TAGS =
  'tags made from labels and annotations of namespaces and other resources are not added; a workloads file can list them';
const OFF = [false, 'false', ''] as const;
const ON = [true, 'true'] as const;

const CHANGING: readonly UnusedAgentKey[] = [
  {
    name: 'use_dogstatsd',
    lost: 'data is received all the same; do not start whippet if it should not be',
    harmless: ON,
  },
  {
    name: 'dogstatsd_experimental_http.enabled',
    lost: 'what clients post to /series is not received',
    harmless: OFF,
  },
  {
    name: 'dogstatsd_windows_pipe_security_descriptor',
    lost: 'everyone on the machine may write to the pipe',
    harmless: ['d:ai(a;;ga;;;wd)'],
  },
  { name: 'container_pid_mapper', lost: 'senders are not looked up by their process', harmless: [''] },
  {
    name: 'hostname_fqdn',
    lost: "the host has the system's short name and not its full one; set hostname to the full one",
    harmless: OFF,
  },
  {
    name: 'infrastructure_mode',
    lost: 'the tag infra_mode is not added; add it to tags',
    harmless: ['full', ''],
  },
  ...['collect_ec2_tags', 'collect_gce_tags'].map((name) => ({
    name,
    lost: 'tags of the cloud are not added; add those you need to tags',
    harmless: OFF,
  })),
  ...['kubernetes_node_labels_as_tags', 'kubernetes_node_annotations_as_tags'].map((name) => ({
    name,
    lost: 'tags made from labels of the node are not added; add those you need to tags',
  })),
  ...[
    'kubernetes_namespace_annotations_as_tags',
    'kubernetes_namespace_labels_as_tags',
    'kubernetes_resources_annotations_as_tags',
    'kubernetes_resources_labels_as_tags',
  ].map((name) => ({ name, lost: NO_LABEL_TAGS })),
  {
    name: 'metric_tag_filterlist_adp_only',
    lost: 'metric_tag_filterlist is always used',
    harmless: OFF,
  },
  {
    name: 'cel_workload_exclude',
    lost: 'data of workloads that it would exclude arrives; leave metrics out by name with metric_filterlist',
    // docs/decisions/workload-filters.md: entries for other products do not concern DogStatsD.
    harmless: (value) => !/\bdogstatsd\b/i.test(JSON.stringify(value) ?? ''),
  },
  {
    name: 'dogstatsd_workload_filter_drop_unresolved',
    lost: 'data of unknown workloads arrives',
    harmless: OFF,
  },
  {
    name: 'dogstatsd_minimum_sample_rate',
    lost: 'a sample counts by the rate it names, however low',
  },
  {
    name: 'dogstatsd_permissive_decoding',
    lost: 'lines are taken as permissively as the Agent takes them',
    harmless: ON,
  },
  {
    name: 'aggregate_context_limit',
    lost: 'the limit on contexts is limits.contexts, and nothing beyond it is lost',
  },
  { name: 'statsd_metric_namespace_blocklist', lost: 'its name is statsd_metric_namespace_blacklist' },
  {
    name: 'serializer_experimental_use_v3_api.series.endpoints',
    lost: 'its name is use_v3_api.series.endpoints, a map of URLs to true or false',
    harmless: [''],
  },
  {
    name: 'secret_backend_command',
    lost: 'handles ENC[...] are refused; api_key_file reads a key from a file',
    harmless: [''],
  },
];

/** How the Agent works inside: here there is nothing that they could change. */
const INTERNAL: readonly string[] = [
  'dogstatsd_autoscale_udp_listeners',
  'dogstatsd_cached_contexts_limit',
  'dogstatsd_experimental_http.',
  'dogstatsd_host_socket_path',
  'dogstatsd_packet_buffer_size',
  'dogstatsd_packet_buffer_flush_timeout',
  'dogstatsd_queue_size',
  'dogstatsd_pipeline_count',
  'dogstatsd_pipeline_autoadjust',
  'dogstatsd_pipeline_autoadjust_strategy',
  'dogstatsd_string_interner_size',
  'dogstatsd_no_aggregation_pipeline_batch_size',
  'dogstatsd_no_aggregation_pipeline_workers_count',
  'dogstatsd_mem_based_rate_limiter.go_gc',
  'dogstatsd_mem_based_rate_limiter.memory_ballast',
  'dogstatsd_capture_path',
  'dogstatsd_capture_depth',
  'dogstatsd_stats_enable',
  'dogstatsd_stats_buffer',
  'dogstatsd_stats_port',
  'dogstatsd_metrics_stats_enable',
  'dogstatsd_logging_enabled',
  'dogstatsd_log_file',
  'dogstatsd_log_file_max_rolls',
  'dogstatsd_log_file_max_size',
  'dogstatsd_telemetry_enabled_listener_id',
  'telemetry.',
  ...['failover_apm', 'failover_logs', 'logs_service_allowlist', 'remote_configuration.'].map(
    (name) => `multi_region_failover.${name}`,
  ),
];

export const UNUSED_AGENT_KEYS: readonly UnusedAgentKey[] = [
  ...CHANGING,
  ...INTERNAL.map((name) => ({ name })),
];

/** Whether `value` is one under which nothing is different. */
export function isHarmless({ harmless = [] }: UnusedAgentKey, value: unknown): boolean {
  if (typeof harmless === 'function') return harmless(value);
  return harmless.includes(typeof value === 'string' ? value.trim().toLowerCase() : value);
}
