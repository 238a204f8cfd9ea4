/**
 * What client libraries say of themselves: `datadog.dogstatsd.client.*`, counters that they send with everything else.
 *
 *   aggregates of a flush ──take()──▶ rows by client, version and transport ──▶ reconciled with what arrived
 *
 * Not every client tells, and most tell every 10 seconds and not at their end: a program that lives shorter is in `untold` only.
 * These metrics go on to the outputs as all others. They are of the past: a client counts for some seconds (10 in most)
 * and then tells, in a packet that the next telling counts.
 *
 * Limits  ROWS_MAX rows, TYPES_MAX types of metrics a row, TEXT_MAX characters of a tag; what is beyond goes to one row
 *         `other`.
 */
import type { Aggregate } from '../model/series.ts';
import { type ByteString, toText } from '../model/text.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from './metric.ts';

const PREFIX = 'datadog.dogstatsd.client.';
const ROWS_MAX = 200;
const TYPES_MAX = 16;
const TEXT_MAX = 64;
const OTHER = 'other';

/** Metric behind the prefix, and what it counts. A further one is one line here. */
const FIELDS = {
  metrics: 'metrics the application handed to the client',
  events: 'events',
  service_checks: 'service checks',
  metric_dropped_on_receive: 'metrics the client dropped before it looked at them',
  aggregated_context: 'contexts after the aggregation of the client',
  packets_sent: 'packets sent',
  packets_dropped: 'packets dropped, for whatever reason',
  packets_dropped_queue: 'of these, because its queue was full',
  packets_dropped_writer: 'of these, because the socket did not take them',
  bytes_sent: 'bytes sent',
  bytes_dropped: 'bytes dropped, for whatever reason',
  bytes_dropped_queue: 'of these, because its queue was full',
  bytes_dropped_writer: 'of these, because the socket did not take them',
} as const;
type Field = keyof typeof FIELDS;

/** Names of the counters. Exported for the documents. */
export const CLIENT_FIELDS: Readonly<Record<Field, string>> = FIELDS;

const BY_TYPE = 'metrics_by_type';

/** Tag `client_transport`, and the kinds of listeners that receive it. */
const TRANSPORTS: Readonly<Record<string, readonly string[]>> = {
  udp: ['udp'],
  uds: ['unixgram'],
  'uds-stream': ['unix'],
  named_pipe: ['named_pipe'],
  tcp: ['tcp'],
};

export interface ClientRow {
  /** Tags `client`, `client_version`, `client_transport`. */
  readonly client: string;
  readonly version: string;
  readonly transport: string;
  /** Start of the last bucket in which it told, Unix seconds. */
  readonly lastAt: number;
  readonly counts: Readonly<Record<Field, number>>;
  readonly metricsByType: Readonly<Record<string, number>>;
}

/** What clients of one transport say, beside what arrived. In packets, since the start. */
export interface TransportRow {
  readonly transport: string;
  readonly listeners: readonly string[];
  readonly clientsSent: number;
  readonly clientsDropped: number;
  readonly received: number;
  readonly kernelDropped: number;
  /** Sent, and neither received nor dropped by the kernel: lost on the way. 0 when more arrived than clients told of. */
  readonly missing: number;
  /** Received beyond what clients told of: from clients that do not tell, or have not yet. */
  readonly untold: number;
}

export interface ClientReport {
  readonly clients: readonly ClientRow[];
  readonly transports: readonly TransportRow[];
}

/** What arrived at one kind of listener, packets. */
export interface Arrived {
  readonly listener: string;
  readonly received: number;
  readonly kernelDropped: number;
}

interface Row extends ClientRow {
  lastAt: number;
  readonly counts: Record<Field, number>;
  readonly metricsByType: Record<string, number>;
}

export class ClientTelemetry {
  private readonly rows = new Map<string, Row>();

  /** Looks through the aggregates of a flush, and hands them on as they are. */
  *watch(batches: Iterable<Aggregate[]>): Generator<Aggregate[]> {
    for (const batch of batches) {
      for (const aggregate of batch) if (aggregate.context.name.startsWith(PREFIX)) this.accept(aggregate);
      yield batch;
    }
  }

  accept({ context, data, timestamp }: Aggregate): void {
    if (data.kind !== 'counter' || !Number.isFinite(data.sum)) return;
    const name = context.name.slice(PREFIX.length);
    if (name !== BY_TYPE && !Object.hasOwn(FIELDS, name)) return;
    const row = this.rowOf(context.tags);
    if (data.sum !== 0) row.lastAt = Math.max(row.lastAt, timestamp);
    if (name === BY_TYPE) addType(row.metricsByType, tagOf(context.tags, 'metrics_type'), data.sum);
    else row.counts[name as Field] += data.sum;
  }

  report(arrived: readonly Arrived[]): ClientReport {
    const clients = [...this.rows.values()].sort((a, b) => b.counts.packets_sent - a.counts.packets_sent);
    const arrivedBy = Object.keys(TRANSPORTS).filter((name) => receivedBy(name, arrived) > 0);
    const transports = [...new Set([...clients.map(({ transport }) => transport), ...arrivedBy])].sort();
    return { clients, transports: transports.map((transport) => reconcile(transport, clients, arrived)) };
  }

  metrics({ clients, transports }: ClientReport): OwnMetric[] {
    const by = (name: string, help: string, read: (row: TransportRow) => number): OwnMetric =>
      ownMetricBy(
        'counter',
        name,
        help,
        'transport',
        transports.map((row) => [row.transport, read(row)] as const),
      );
    return [
      ownMetric(
        'gauge',
        'whippet_clients_known',
        'Clients that told of themselves, by version and transport.',
        clients.length,
      ),
      by(
        'whippet_clients_packets_sent_total',
        'Packets that clients say they sent.',
        ({ clientsSent }) => clientsSent,
      ),
      by(
        'whippet_clients_packets_dropped_total',
        'Packets that clients say they dropped before sending them.',
        ({ clientsDropped }) => clientsDropped,
      ),
    ];
  }

  private rowOf(tags: readonly ByteString[]): Row {
    const client = tagOf(tags, 'client');
    const version = tagOf(tags, 'client_version');
    const transport = transportOf(tagOf(tags, 'client_transport'));
    const key = `${client}\n${version}\n${transport}`;
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    if (this.rows.size >= ROWS_MAX) return this.addRow(`${OTHER}\n${transport}`, OTHER, '', transport);
    return this.addRow(key, client, version, transport);
  }

  /** There is one row `other` a transport, and few transports. */
  private addRow(key: string, client: string, version: string, transport: string): Row {
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const counts = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, 0])) as Record<Field, number>;
    const row: Row = { client, version, transport, lastAt: 0, counts, metricsByType: {} };
    this.rows.set(key, row);
    return row;
  }
}

function reconcile(
  transport: string,
  clients: readonly ClientRow[],
  arrived: readonly Arrived[],
): TransportRow {
  const listeners = TRANSPORTS[transport] ?? [];
  const own = clients.filter((row) => row.transport === transport);
  const here = arrived.filter(({ listener }) => listeners.includes(listener));
  const sent = own.reduce((sum, { counts }) => sum + counts.packets_sent, 0);
  const received = here.reduce((sum, one) => sum + one.received, 0);
  const kernelDropped = here.reduce((sum, one) => sum + one.kernelDropped, 0);
  return {
    transport,
    listeners: here.map(({ listener }) => listener),
    clientsSent: sent,
    clientsDropped: own.reduce((sum, { counts }) => sum + counts.packets_dropped, 0),
    received,
    kernelDropped,
    missing: here.length === 0 ? 0 : Math.max(0, sent - received - kernelDropped),
    untold: Math.max(0, received - sent),
  };
}

function receivedBy(transport: string, arrived: readonly Arrived[]): number {
  const listeners = TRANSPORTS[transport] ?? [];
  return arrived.reduce((sum, one) => sum + (listeners.includes(one.listener) ? one.received : 0), 0);
}

/** One of TRANSPORTS, or `other`: what clients write must not grow the number of labels. */
function transportOf(text: string): string {
  const name = text.replaceAll('_', '-').replace('named-pipe', 'named_pipe');
  return Object.hasOwn(TRANSPORTS, name) ? name : OTHER;
}

/** The value of a tag; empty when there is none. */
function tagOf(tags: readonly ByteString[], key: string): string {
  const tag = tags.find((one) => one.startsWith(`${key}:`));
  return tag === undefined ? '' : toText(tag.slice(key.length + 1)).slice(0, TEXT_MAX);
}

function addType(types: Record<string, number>, type: string, by: number): void {
  const name = Object.hasOwn(types, type) || Object.keys(types).length < TYPES_MAX ? type : OTHER;
  types[name] = (Object.hasOwn(types, name) ? (types[name] as number) : 0) + by;
}
