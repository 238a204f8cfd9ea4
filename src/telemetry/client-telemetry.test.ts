import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../model/series.ts';
import { ClientTelemetry } from './client-telemetry.ts';

const GO = ['client:go', 'client_version:5.5.0', 'client_transport:udp'];

function counter(name: string, sum: number, tags: readonly string[] = GO, timestamp = 100): Aggregate {
  const context = {
    id: 1,
    name: `datadog.dogstatsd.client.${name}`,
    type: 'counter' as const,
    host: '',
    tags,
  };
  return { context, timestamp, interval: 10, data: { kind: 'counter', sum }, series: [] };
}

function fed(...aggregates: Aggregate[]): ClientTelemetry {
  const clients = new ClientTelemetry();
  for (const aggregate of aggregates) clients.accept(aggregate);
  return clients;
}

describe('what clients tell', () => {
  it('adds up by client, version and transport', () => {
    const { clients } = fed(
      counter('packets_sent', 5),
      counter('packets_sent', 7, GO, 110),
      counter('packets_sent', 0, GO, 120),
      counter('packets_dropped_queue', 2),
      counter('metrics_by_type', 9, [...GO, 'metrics_type:gauge']),
      counter('packets_sent', 1, ['client:py', 'client_version:1', 'client_transport:uds']),
    ).report([]);
    expect(clients).toHaveLength(2);
    expect(clients[0]).toMatchObject({ client: 'go', version: '5.5.0', transport: 'udp', lastAt: 110 });
    expect(clients[0]?.counts).toMatchObject({ packets_sent: 12, packets_dropped_queue: 2, bytes_sent: 0 });
    expect(clients[0]?.metricsByType).toEqual({ gauge: 9 });
    expect(clients[1]).toMatchObject({ client: 'py', transport: 'uds' });
  });

  it('is compared with what arrived over the transport', () => {
    const clients = fed(counter('packets_sent', 100), counter('packets_dropped', 3));
    const arrived = [
      { listener: 'udp', received: 80, kernelDropped: 15 },
      { listener: 'unixgram', received: 1, kernelDropped: 0 },
    ];
    expect(clients.report(arrived).transports).toEqual([
      {
        transport: 'udp',
        listeners: ['udp'],
        clientsSent: 100,
        clientsDropped: 3,
        received: 80,
        kernelDropped: 15,
        missing: 5,
        untold: 0,
      },
      {
        transport: 'uds',
        listeners: ['unixgram'],
        clientsSent: 0,
        clientsDropped: 0,
        received: 1,
        kernelDropped: 0,
        missing: 0,
        untold: 1,
      },
    ]);
    // More arrived than was told: clients that do not tell, or have not yet.
    expect(
      clients.report([{ listener: 'udp', received: 200, kernelDropped: 0 }]).transports[0],
    ).toMatchObject({ missing: 0, untold: 100 });
  });

  it.each(['uds_stream', 'uds-stream'])('knows the transport %s', (transport) => {
    const { transports } = fed(counter('packets_sent', 1, [`client_transport:${transport}`])).report([]);
    expect(transports.map((row) => row.transport)).toEqual(['uds-stream']);
  });

  it('is bounded, whatever is written in the tags', () => {
    const many = Array.from({ length: 1000 }, (_, i) =>
      counter('packets_sent', 1, [
        `client:${i}`,
        `client_transport:${'x'.repeat(i)}`,
        'client_version:__proto__',
      ]),
    );
    const types = Array.from({ length: 1000 }, (_, i) =>
      counter('metrics_by_type', 1, [`metrics_type:${i}`]),
    );
    const { clients, transports } = fed(...many, ...types).report([]);
    expect(clients.length).toBeLessThanOrEqual(206);
    expect(transports.length).toBeLessThanOrEqual(6);
    expect(clients.reduce((sum, { counts }) => sum + counts.packets_sent, 0)).toBe(1000);
    for (const { metricsByType } of clients)
      expect(Object.keys(metricsByType).length).toBeLessThanOrEqual(17);
  });

  it.each([
    ['another name', { ...counter('packets_sent', 1), context: { ...counter('nothing', 1).context } }],
    ['a gauge', { ...counter('packets_sent', 1), data: { kind: 'gauge', value: 1 } } as Aggregate],
    ['no number', counter('packets_sent', Number.NaN)],
    ['a name of every object', counter('constructor', 1)],
  ])('leaves out %s', (_, aggregate) => {
    expect(fed(aggregate).report([]).clients).toEqual([]);
  });

  it('hands the aggregates of a flush on as they are', () => {
    const clients = new ClientTelemetry();
    const batches = [[counter('packets_sent', 5)], []];
    expect([...clients.watch(batches)]).toEqual(batches);
    expect(clients.report([]).clients).toHaveLength(1);
  });
});
