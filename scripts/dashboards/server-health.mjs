/** How a whippet is: what it receives, what it loses, what its outputs wait for. All of it is from its own metrics. */
import { choice, dashboard, figure, lines, row, table, target } from './panels.mjs';

const CHOSEN = 'job=~"$job",instance=~"$instance"';
const of = (name, labels = '') => `${name}{${CHOSEN}${labels}}`;
const rate = (name, by = '', labels = '') =>
  `sum${by === '' ? '' : ` by (${by})`} (rate(${of(name, labels)}[$__rate_interval]))`;
/** What may be missing, because no output of its kind is configured, counts as 0. */
const orZero = (expr) => `(${expr} or vector(0))`;

/** Where data may be lost: a name of the ledger, and how it is called here. */
const LOSSES = [
  ['whippet_kernel_packets_dropped_total', 'kernel: packets', 'listener'],
  ['whippet_listener_packets_dropped_total', 'listener: packets', 'listener, reason'],
  ['whippet_listener_messages_dropped_total', 'listener: messages', 'listener, reason'],
  ['whippet_listener_values_dropped_total', 'listener: values', 'listener, reason'],
  ['whippet_aggregate_values_dropped_total', 'aggregation: values', 'reason'],
  ['whippet_output_records_dropped_total', 'output: records', 'output, reason'],
  ['whippet_datadog_items_dropped_total', 'datadog: items', 'reason'],
  ['whippet_datadog_payloads_lost_total', 'datadog: payloads', 'endpoint, reason'],
  ['whippet_delivery_points_lost_total', 'delivery: points', 'output, reason'],
];

const overview = [
  figure(
    'Messages',
    'Metrics, events and service checks received per second.',
    rate('whippet_listener_messages_total'),
    { unit: 'cps' },
  ),
  figure('Contexts', 'Series held now: name, tags, type and host.', `sum(${of('whippet_contexts')})`),
  figure(
    'Lost in the last hour',
    'Packets, messages, values and records dropped, and payloads and points that could not be delivered.',
    `${LOSSES.map(([name]) => orZero(`sum(increase(${of(name)}[1h]))`)).join(' + ')}`,
    { bad: 1 },
  ),
  figure(
    'Rejected in the last hour',
    'Messages that could not be understood: their clients need mending.',
    `sum(increase(${of('whippet_listener_messages_rejected_total')}[1h]))`,
    { bad: 1 },
  ),
  figure(
    'Receivers down',
    'Receivers of outputs that refused or did not answer the last request.',
    `${orZero(`count(${of('whippet_delivery_endpoint_up')} == 0)`)} + ${orZero(`count(${of('whippet_datadog_endpoint_up')} == 0)`)}`,
    { bad: 1 },
  ),
  figure(
    'Oldest waiting',
    'Age of the oldest request that a receiver has not taken.',
    `max(${of('whippet_delivery_queue_oldest_age_seconds')} or ${of('whippet_datadog_queue_oldest_age_seconds')})`,
    { unit: 's', bad: 60 },
  ),
];

const intake = [
  row('Intake'),
  lines(
    'Messages received',
    'By listener.',
    [target(rate('whippet_listener_messages_total', 'listener'), '{{listener}}')],
    { unit: 'cps', stacked: true },
  ),
  lines(
    'Messages rejected or filtered',
    'Rejected messages are faults of clients; filtered ones are left out because the configuration says so.',
    [
      target(
        `${rate('whippet_listener_messages_rejected_total', 'message_type, reason')} > 0`,
        'rejected: {{message_type}} {{reason}}',
      ),
      target(rate('whippet_listener_messages_filtered_total'), 'filtered'),
    ],
    { unit: 'cps' },
  ),
  lines(
    'Bytes received',
    'Bytes of packets, without network headers.',
    [target(rate('whippet_listener_bytes_total', 'listener'), '{{listener}}')],
    { unit: 'Bps', stacked: true },
  ),
  lines(
    "Kernel's buffer in use",
    'A full buffer makes the kernel drop packets of UDP, and clients of Unix sockets wait.',
    [
      target(
        `max by (listener) (${of('whippet_kernel_queued_bytes')} / (${of('whippet_kernel_limit_bytes')} > 0))`,
        '{{listener}}',
      ),
    ],
    { unit: 'percentunit', min: 0 },
  ),
  lines(
    'Lines found in the cache',
    'Share of lines that were seen before. New lines cost several times as much.',
    [
      target(
        `${rate('whippet_core_line_hits_total', 'listener')} / (${rate('whippet_core_line_hits_total', 'listener')} + ${rate('whippet_core_line_misses_total', 'listener')})`,
        '{{listener}}',
      ),
    ],
    { unit: 'percentunit', min: 0 },
  ),
  lines(
    'Backlog',
    'Age of the oldest packet that waits in the memory of a listener.',
    [target(`max by (listener) (${of('whippet_listener_backlog_oldest_seconds')})`, '{{listener}}')],
    { unit: 's', min: 0 },
  ),
];

const losses = [
  row('Losses'),
  lines(
    'Lost per second',
    'docs/ledger.md says of each reason what to do about it.',
    LOSSES.map(([name, title, by]) =>
      target(`${rate(name, by)} > 0`, `${title} ${by.replace(/\w+/g, '{{$&}}').replaceAll(',', '')}`),
    ),
    { unit: 'cps' },
  ),
  lines(
    'Over a limit',
    'Samples of new series beyond a limit of cardinality; docs/limits.md.',
    [target(`${rate('whippet_aggregate_samples_over_limit_total', 'limit')} > 0`, '{{limit}}')],
    { unit: 'cps' },
  ),
];

const aggregation = [
  row('Aggregation'),
  lines(
    'Contexts',
    'Series held, by type.',
    [target(`sum by (type) (${of('whippet_contexts')})`, '{{type}}')],
    { stacked: true },
  ),
  table(
    'Metrics with the most contexts',
    'The twenty that cost the most series.',
    `topk(20, sum by (metric) (${of('whippet_contexts_of_metric')}))`,
  ),
  lines(
    'New contexts',
    'Series that a listener met for the first time: a steady rate means a tag that never repeats.',
    [target(rate('whippet_core_new_contexts_total', 'instance'), '{{instance}}')],
    { unit: 'cps' },
  ),
  lines(
    'Flushes, and buckets sealed late',
    'A bucket is late when the one before was still being read. Nothing is lost then.',
    [
      target(rate('whippet_aggregate_flushes_total', 'instance'), 'flushes {{instance}}'),
      target(rate('whippet_core_late_seals_total', 'instance'), 'late {{instance}}'),
    ],
    { unit: 'cps' },
  ),
];

const outputs = [
  row('Outputs'),
  lines(
    'Records passed to outputs',
    'Series, events and service checks per second.',
    [target(rate('whippet_output_records_total', 'output'), '{{output}}')],
    { unit: 'cps' },
  ),
  lines(
    'Requests by answer',
    'What receivers said; `no_answer` is a timeout or a broken connection.',
    [
      target(rate('whippet_delivery_requests_total', 'output, status'), '{{output}} {{status}}'),
      target(rate('whippet_datadog_requests_total', 'endpoint, status'), 'datadog {{endpoint}} {{status}}'),
    ],
    { unit: 'reqps' },
  ),
  lines(
    'Waiting in memory',
    'Bytes of requests that receivers have not taken.',
    [
      target(`sum by (output) (${of('whippet_delivery_queue_bytes')})`, '{{output}}'),
      target(`sum by (endpoint) (${of('whippet_datadog_queue_bytes')})`, 'datadog {{endpoint}}'),
    ],
    { unit: 'bytes', min: 0 },
  ),
  lines(
    'Waiting on disk',
    'Bytes of retry files.',
    [
      target(`sum by (output) (${of('whippet_delivery_disk_bytes')})`, '{{output}}'),
      target(`sum by (endpoint) (${of('whippet_datadog_disk_bytes')})`, 'datadog {{endpoint}}'),
    ],
    { unit: 'bytes', min: 0 },
  ),
  lines('Series on the page', 'What /metrics shows of user metrics.', [
    target(`sum by (instance) (${of('whippet_prometheus_series')})`, '{{instance}}'),
  ]),
  lines(
    'Updates of the page that were rejected',
    'docs/outputs.md explains the reasons.',
    [target(`${rate('whippet_prometheus_updates_rejected_total', 'reason')} > 0`, '{{reason}}')],
    { unit: 'cps' },
  ),
];

export const serverHealth = dashboard({
  uid: 'whippet-server',
  title: 'whippet: the server',
  description: 'What whippet receives, loses and delivers, from its own metrics on /metrics.',
  tags: ['whippet'],
  variables: [
    choice('job', 'Job', 'label_values(whippet_contexts, job)', { all: true }),
    choice('instance', 'Instance', 'label_values(whippet_contexts{job=~"$job"}, instance)', { all: true }),
  ],
  panels: [...overview, ...intake, ...losses, ...aggregation, ...outputs],
});
