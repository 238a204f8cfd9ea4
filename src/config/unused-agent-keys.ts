/**
 * Keys of the Agent's DogStatsD server that this version does not use (spec intake §4 and §10, protocol
 * §11). They are accepted, so that an Agent's file works, and named in one warning, so that nobody
 * believes they have an effect. A key moves from here to agent-keys.ts when it gets one.
 *
 * A name that ends in `.` stands for everything below it.
 */
export const UNUSED_AGENT_KEYS: readonly string[] = [
  'use_dogstatsd',
  'dogstatsd_windows_pipe_security_descriptor',
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
  'dogstatsd_origin_detection',
  'metric_tag_filterlist_adp_only',
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
];
