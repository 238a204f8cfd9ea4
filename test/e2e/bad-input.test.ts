/**
 * Bad input is counted by its reason and shown in the log, and costs the lines around it nothing.
 */
import { describe, expect, it } from 'vitest';
import {
  EVENT_ERRORS,
  METRIC_ERRORS,
  type MessageType,
  SERVICE_CHECK_ERRORS,
} from '../../src/model/message.ts';
import { seededRandom } from '../support/packets.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

/** A line for every reason there is. */
const BAD: readonly (readonly [type: MessageType, reason: string, line: string])[] = [
  ['metric', 'format', 'no pipe at all'],
  ['metric', 'name_value', 'no.value|c'],
  ['metric', 'type', 'a:1|q'],
  ['metric', 'value', 'a:one|c'],
  ['metric', 'sample_rate', 'a:1|c|@often'],
  ['metric', 'timestamp', 'a:1|c|Tnow'],
  ['event', 'no_header', '_e{5,4}title|text'],
  ['event', 'header', '_e{five,4}:title|text'],
  ['event', 'empty_title', '_e{0,4}:|text'],
  ['event', 'length', '_e{50,4}:title|text'],
  ['service_check', 'format', '_sc|db.up'],
  ['service_check', 'name', '_sc||0'],
  ['service_check', 'status', '_sc|db.up|9'],
];

const rejected = (server: ServerProcess, type: string, reason: string): Promise<number | undefined> =>
  server.metric(
    `whippet_listener_messages_rejected_total{listener="unixgram",message_type="${type}",reason="${reason}"}`,
  );

it('knows a line for every reason', () => {
  const reasons = [
    ...METRIC_ERRORS.map((reason) => `metric ${reason}`),
    ...EVENT_ERRORS.map((reason) => `event ${reason}`),
    ...SERVICE_CHECK_ERRORS.map((reason) => `service_check ${reason}`),
  ];
  expect(BAD.map(([type, reason]) => `${type} ${reason}`)).toEqual(reasons);
});

it('counts and logs every reason, and processes the rest of the packet', async () => {
  await withServer({ unix: true }, async (server) => {
    // A good line before, between and after the bad ones.
    const packet = ['good:1|c', ...BAD.flatMap(([, , line]) => [line, 'good:1|c'])].join('\n');
    server.send('unix', [packet]);
    await server.until(() => server.total('good') === BAD.length + 1, 'the good lines are in the file');
    for (const [type, reason, line] of BAD) {
      expect(await rejected(server, type, reason), `${type} ${reason}`).toBe(1);
      expect(server.log).toContainEqual(
        expect.objectContaining({ msg: 'rejected a line', level: 50, messageType: type, reason, line }),
      );
    }
    expect(await server.metricSum('whippet_listener_messages_rejected_total')).toBe(BAD.length);
    // No context comes of a line that is rejected.
    expect(await server.metricSum('whippet_core_contexts')).toBe(1);
  });
});

it('logs few of many bad lines, and counts them all', async () => {
  await withServer({ unix: true, set: { bucket_seconds: wideBucketSeconds() } }, async (server) => {
    const packets = Array.from({ length: 1000 }, (_, i) => `a:bad-${i}|c`);
    server.send('unix', packets);
    await server.until(async () => (await rejected(server, 'metric', 'value')) === 1000, 'all are counted');
    const logged = server.log.filter(({ msg }) => msg === 'rejected a line');
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.length).toBeLessThanOrEqual(10);
  });
});

it('escapes control characters and cuts long lines in the log', async () => {
  await withServer({ unix: true }, async (server) => {
    server.send('unix', [`\x1b[2J\x07bad ${'x'.repeat(5000)}`]);
    await server.until(() => server.log.some(({ msg }) => msg === 'rejected a line'), 'the line is logged');
    const { line } = server.log.find(({ msg }) => msg === 'rejected a line') as unknown as { line: string };
    expect(line.startsWith(String.raw`\x1b[2J\x07bad xxx`)).toBe(true);
    expect(server.stderr).not.toContain('\x1b');
    expect(server.stderr).not.toContain('\x07');
    expect(line.length).toBeLessThan(600);
  });
});

it('is quiet with dogstatsd_disable_verbose_logs', async () => {
  await withServer({ unix: true, set: { dogstatsd_disable_verbose_logs: true } }, async (server) => {
    server.send('unix', ['bad\ngood:1|c']);
    await server.until(() => server.total('good') === 1, 'the good line is in the file');
    expect(server.log.some(({ msg }) => msg === 'rejected a line')).toBe(false);
    expect(await rejected(server, 'metric', 'format')).toBe(1);
  });
});

describe('a datagram longer than dogstatsd_buffer_size', () => {
  it.each([
    ['a Unix socket', { unix: true }],
    ['UDP', {}],
    ['portable UDP', { set: { 'listeners.portable': true } }],
  ] as const)('keeps its whole lines and loses the cut one, over %s', async (_, options) => {
    const set = { ...('set' in options ? options.set : {}), dogstatsd_buffer_size: 512 };
    await withServer({ ...options, set }, async (server) => {
      const whole = Array.from({ length: 10 }, () => 'cut.whole:1|c');
      // Cut in its middle, this line would read as a counter of 11111….
      const packet = `${whole.join('\n')}\ncut.line:${'1'.repeat(600)}|c\ncut.lost:1|c`;
      if ('unix' in options) server.send('unix', [packet]);
      else await server.sendUdp('127.0.0.1', [packet]);
      await server.until(() => server.total('cut.whole') === 10, 'the whole lines are in the file');
      expect(server.series('cut.line')).toEqual([]);
      expect(await server.metricSum('whippet_listener_packets_truncated_total')).toBe(1);
      expect(await server.metricSum('whippet_listener_messages_dropped_total')).toBe(1);
      expect(await server.metricSum('whippet_listener_messages_rejected_total')).toBe(0);
    });
  });
});

it('drops a last line without its end where dogstatsd_eol_required asks for one', async () => {
  await withServer({ unix: true, set: { dogstatsd_eol_required: 'udp' } }, async (server) => {
    await server.sendUdp('127.0.0.1', ['eol.kept:1|c\neol.lost:1|c']);
    server.send('unix', ['eol.unix:1|c']);
    await server.until(() => server.total('eol.kept') === 1, 'the ended line is in the file');
    await server.until(() => server.total('eol.unix') === 1, 'the other socket asks for none');
    expect(server.series('eol.lost')).toEqual([]);
    const rejections = 'whippet_listener_messages_rejected_total';
    expect(
      await server.metric(`${rejections}{listener="udp",message_type="unknown",reason="unterminated"}`),
    ).toBe(1);
  });
});

const SEED = 20_240_229;
it(`survives 20,000 hostile datagrams (seed ${SEED})`, async () => {
  await withServer({ unix: true }, async (server) => {
    const random = seededRandom(SEED);
    server.send(
      'unix',
      Array.from({ length: 20_000 }, () => hostilePacket(random)),
    );
    expect((await server.get('/health')).status).toBe(200);
    server.send('unix', ['still.here:1|c']);
    await server.until(() => server.total('still.here') === 1, 'it still works');
    expect(await server.metric('whippet_listener_packets_total{listener="unixgram"}')).toBe(20_001);
    const { losses } = await server.ledger();
    expect(losses.filter(({ reason }) => reason.includes('internal_error'))).toEqual([]);
    expect((await server.get('/metrics')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });
});

const PIECES = [
  'a:1|c',
  '_e{1,1}:a|b',
  '_e{',
  '_e{4294967295,4294967295}:',
  '_sc|',
  '|',
  '||',
  ':',
  '#',
  '|#',
  ',',
  '@',
  '|@0',
  '|@-1',
  '|T',
  '|T-5',
  '\n',
  '\r\n',
  '\0',
  '\x1b[31m',
  '1e308',
  '-1e308',
  'nan',
  'inf',
  '0x1p-1074',
  '9'.repeat(400),
  'host:',
  '|c:',
  '|e:',
  '|card:',
  'é',
  '__proto__:1|c',
  'constructor:1|g',
  'x'.repeat(300),
  '|d',
  '|ms',
  '|h',
  '|s',
]; // prettier-ignore

function hostilePacket(random: () => number): Buffer {
  const length = Math.floor(random() * random() * 60);
  const parts = Array.from({ length }, () => {
    if (random() < 0.8) return Buffer.from(PIECES[Math.floor(random() * PIECES.length)] as string);
    return Buffer.from(
      Array.from({ length: 1 + Math.floor(random() * 20) }, () => Math.floor(random() * 256)),
    );
  });
  return Buffer.concat(parts);
}
