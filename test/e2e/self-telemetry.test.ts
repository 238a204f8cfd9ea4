/**
 * What a running server tells of itself: `whippet status`, the log lines of losses, what clients say, and series under
 * the Agent's names.
 */
import { StatsD } from 'hot-shots';
import { describe, expect, it } from 'vitest';
import type { ClientReport } from '../../src/telemetry/client-telemetry.ts';
import type { LedgerReport } from '../../src/telemetry/ledger/ledger-report.ts';
import { runWhippet } from '../support/processes/command.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

async function clientsOf(server: ServerProcess): Promise<ClientReport> {
  return JSON.parse((await server.get('/api/clients')).text) as ClientReport;
}

const status = (server: ServerProcess, ...args: string[]) =>
  runWhippet(['status', '--url', `http://127.0.0.1:${server.httpPort}`, ...args]);

describe('whippet status', () => {
  it('says that nothing was lost, and then what was, in 80 columns', async () => {
    await withServer({ unix: true, set: { dogstatsd_buffer_size: 512 } }, async (server) => {
      server.send('unix', ['a:1|c\nbad']);
      await server.until(() => server.total('a') === 1, 'it is in the file');
      const before = await status(server);
      expect(before).toMatchObject({ code: 0, stderr: '' });
      expect(before.stdout).toContain('No loss: everything that came in is accounted for.');
      expect(before.stdout).toMatch(/^ {2}messages +2 +1 +1 +0 +0 +0$/m);
      server.send('unix', [`a:1|c\nlong:${'1'.repeat(600)}|c`]);
      await server.until(
        () => server.log.some(({ msg }) => msg.startsWith('losing data')),
        'the log says that something is lost',
      );
      const after = await status(server);
      expect(after.code).toBe(3);
      expect(after.stdout).toContain('1 messages  listener unixgram: unknown:truncated');
      expect(after.stdout).toContain('1 packets  listener unixgram: truncated');
      expect(after.stdout).toContain('What to do: raise dogstatsd_buffer_size');
      for (const line of after.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      const json = await status(server, '--json');
      expect((JSON.parse(json.stdout) as { ledger: LedgerReport }).ledger.losses).toMatchObject([
        { unit: 'packets', reason: 'truncated', count: 1 },
        { unit: 'messages', reason: 'unknown:truncated', count: 1 },
      ]);
      await server.stop();
      const told = server.log.filter(({ msg }) => msg.includes('losing data'));
      expect(told.map(({ level, lost, where }) => ({ level, lost, where }))).toEqual([
        { level: 50, lost: 1, where: 'listener unixgram' },
        { level: 50, lost: 1, where: 'listener unixgram' },
        { level: 30, lost: 1, where: 'listener unixgram' },
        { level: 30, lost: 1, where: 'listener unixgram' },
      ]);
    });
  });

  it('says plainly that no server answers', async () => {
    const end = await runWhippet(['status', '--url', 'http://127.0.0.1:1']);
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain('ERR_STATUS_UNREACHABLE: no server answers at http://127.0.0.1:1');
  });
});

describe('what clients say', () => {
  it('stands beside what arrived: a client of the wild, and one that lost packets on the way', async () => {
    await withServer({}, async (server) => {
      const client = new StatsD({
        host: '127.0.0.1',
        port: server.udpPort,
        includeDatadogTelemetry: true,
        telemetryFlushInterval: 100,
      });
      for (let i = 0; i < 50; i++) client.increment('wild', 1);
      const sentByHotShots = (report: ClientReport): number =>
        report.clients.find((row) => row.client === 'nodejs')?.counts.packets_sent ?? 0;
      await server.until(async () => sentByHotShots(await clientsOf(server)) >= 50, 'hot-shots has told');
      await new Promise((resolve) => client.close(resolve));
      const { transports } = await clientsOf(server);
      expect(transports).toMatchObject([{ transport: 'udp', listeners: ['udp'], missing: 0 }]);
      const tags = 'client:go,client_version:5.5.0,client_transport:udp';
      await server.sendUdp('127.0.0.1', [
        `datadog.dogstatsd.client.packets_sent:100000|c|#${tags}`,
        `datadog.dogstatsd.client.packets_dropped_queue:7|c|#${tags}`,
      ]);
      await server.until(async () => (await clientsOf(server)).clients.length === 2, 'the other has told');
      const { clients, transports: later } = await clientsOf(server);
      expect(clients[0]).toMatchObject({ client: 'go', version: '5.5.0', transport: 'udp' });
      expect(clients[0]?.counts).toMatchObject({ packets_sent: 100_000, packets_dropped_queue: 7 });
      const [udp] = later;
      expect(udp?.missing).toBe((udp?.clientsSent ?? 0) - (udp?.received ?? 0) - (udp?.kernelDropped ?? 0));
      expect(udp?.missing).toBeGreaterThan(99_000);
      const { stdout } = await status(server);
      expect(stdout).toMatch(/^ {2}go 5\.5\.0 udp +100,000 +0 +7 +0$/m);
      expect(stdout).toContain('are missing: lost on the way here');
      // They go on to the outputs as all others.
      expect(server.total('datadog.dogstatsd.client.packets_dropped_queue')).toBe(7);
    });
  });
});

describe('telemetry.dogstatsd', () => {
  it("sends what was counted to the outputs, under the Agent's names", async () => {
    await withServer({ unix: true, set: { 'telemetry.dogstatsd': true } }, async (server) => {
      server.send('unix', ['a:1|c\nbad', 'b:1|g\n_sc|up|0']);
      await server.sendUdp('127.0.0.1', ['c:1|c']);
      await server.until(
        async () => (await server.metricSum('whippet_listener_packets_accepted_total')) === 3,
        'all is processed',
      );
      expect(await server.stop()).toBe(0);
      const total = (name: string, tags: readonly string[]): number =>
        server
          .series(`datadog.agent.dogstatsd.${name}`)
          .filter((series) => [...series.tags].sort().join() === [...tags].sort().join())
          .reduce((sum, { count }) => sum + Number(count), 0);
      const uds = ['listener_id:uds-unixgram', 'transport:unixgram'];
      expect(total('uds_packets', [...uds, 'state:ok'])).toBe(2);
      expect(total('uds_packets_bytes', uds)).toBe('a:1|c\nbadb:1|g\n_sc|up|0'.length);
      expect(total('udp_packets', ['state:ok'])).toBe(1);
      expect(total('processed', ['message_type:metrics', 'state:ok'])).toBe(3);
      expect(total('processed', ['message_type:metrics', 'state:error'])).toBe(1);
      expect(total('processed', ['message_type:service_checks', 'state:ok'])).toBe(1);
      expect(server.series('datadog.agent.dogstatsd.packets_channel_packets_count')).not.toEqual([]);
    });
  });

  it('is off unless asked for', async () => {
    await withServer({}, async (server) => {
      await server.sendUdp('127.0.0.1', ['c:1|c']);
      await server.until(() => server.total('c') === 1, 'it is in the file');
      await server.stop();
      expect(server.series('datadog.agent.dogstatsd.udp_packets')).toEqual([]);
    });
  });
});
