import { expect, it } from 'vitest';
import { painter } from '../../lib/text/paint.ts';
import { widthOf } from '../../lib/text/terminal-text.ts';
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import { clientsSection } from './clients-section.ts';
import { globalSection } from './global-section.ts';
import { ledgerSection } from './ledger-section.ts';
import { originSection } from './origin-section.ts';
import { outputsSectionAt } from './outputs-section.ts';
import { formatCount, formatDuration, wrap } from './section.ts';

const BIG = 987_654_321_987;
const PLAIN = { paint: painter(false), before: undefined, seconds: 0 };
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what it looks for
const COLOURS = /\x1b\[\d+m/g;

function makeReport(received: number): LedgerReport {
  const some = { x: received };
  const entry = (stage: string, name: string): Totals => ({
    stage,
    name,
    unit: 'messages',
    received,
    ...outcomes({ accepted: some, rejected: some, filtered: some, dropped: some, held: some }),
  });
  const long = 'listener-'.repeat(20);
  return {
    at: 100_000,
    startedAt: 3,
    balanced: received === 0,
    totals: [entry('listener', 'udp'), entry('output', long)].map((one) => ({ ...one, imbalance: 0 })),
    listeners: [
      {
        listener: 'udp',
        addresses: ['127.0.0.1:8125', `/tmp/\x1b[2J${long}`],
        kernel: { droppedPackets: received, queuedBytes: 1, limitBytes: 1, source: 'so_meminfo' },
        receivedBytes: received,
        truncatedPackets: received,
        receiveErrors: 0,
        backlog: {
          packets: received,
          bytes: 1,
          messages: 1,
          oldestSeconds: 1.25,
          packetsTotal: 1,
          fullTotal: 0,
        },
      },
    ],
    notListening:
      received === 0
        ? []
        : [{ listener: 'unix', code: 'ERR_LISTEN_IN_USE', reason: `/\x1b[2J ${'in use '.repeat(40)}` }],
    losses:
      received === 0
        ? []
        : [
            {
              stage: 'output',
              name: long,
              unit: 'messages',
              reason: 'metric:full',
              count: received,
              help: 'Help. '.repeat(40).trim(),
              remedy: 'do this and that '.repeat(20).trim(),
            },
          ],
  };
}

it.each([true, false])('the ledger fits 80 columns and drives no terminal, colour %s', (colour) => {
  const lines = ledgerSection.render(makeReport(BIG), {
    paint: painter(colour),
    before: makeReport(5),
    seconds: 2,
  });
  for (const line of lines) {
    const plain = line.replace(COLOURS, '');
    expect(widthOf(plain)).toBeLessThanOrEqual(80);
    expect(plain).not.toMatch(/\p{Cc}/u);
  }
  expect(lines.join('\n')).toContain('Lost since the start:');
  expect(lines.some((line) => line.includes('does not add up'))).toBe(true);
});

it('the ledger says plainly that nothing was lost', () => {
  const text = ledgerSection.render(makeReport(0), PLAIN).join('\n');
  expect(text).toContain('No loss: everything that came in is accounted for.');
  expect(text).not.toContain('Lost');
});

it('clients fit 80 columns, ten of them', () => {
  const counts = {
    packets_sent: BIG,
    packets_dropped: BIG,
    packets_dropped_queue: 0,
    packets_dropped_writer: 0,
  };
  const clients = Array.from({ length: 12 }, () => ({
    client: 'go\x1b[2J'.repeat(9),
    version: '1.2.3'.repeat(9),
    transport: 'udp',
    lastAt: 0,
    counts,
    metricsByType: {},
  }));
  const transports = [
    {
      transport: 'udp',
      listeners: ['udp'],
      clientsSent: BIG,
      clientsDropped: BIG,
      received: 1,
      kernelDropped: BIG,
      missing: BIG,
    },
  ];
  const lines = clientsSection.render({ clients, transports }, PLAIN);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  expect(lines).toContain('  and 2 more');
  expect(clientsSection.render({ clients: [], transports: [] }, PLAIN)).toEqual([]);
});

const globalView = {
  role: 'both',
  topic: 'whippet',
  partitions: 16,
  problem: null as string | null,
  edge: {
    sealedPartials: 1234,
    acknowledgedPartials: 1200,
    problem: null as string | null,
    failingForSeconds: 0,
    queue: { partials: 34, oldestAgeSeconds: 2.1 },
  },
  levels: [
    {
      level: 0,
      partialsPerSecond: 5000,
      lagSeconds: 0.3,
      totals: { lateChunks: 12, repeatedChunks: 3 },
      partitions: [{ partition: 7, problem: null as string | null }],
      edges: {
        count: 100,
        silent: 1,
        skewed: 1,
        missing: 2,
        list: [
          { edge: '4f0c', skewSeconds: -25, silentSeconds: 1, isSkewed: true, isSilent: false },
          { edge: '77aa', skewSeconds: 0, silentSeconds: 123, isSkewed: false, isSilent: true },
          { edge: 'well', skewSeconds: 0, silentSeconds: 1, isSkewed: false, isSilent: false },
        ],
      },
    },
  ],
};

it('global aggregation is what an edge sends, what an owner reads, and the edges that need a look', () => {
  expect(globalSection.render(globalView, PLAIN)).toEqual([
    'global: both, topic whippet, 16 partitions',
    '  edge         1,234 partials sealed, 1,200 acknowledged, 34 wait (oldest 2.1 s)',
    '  owner        1 partitions, 5,000 partials/s, lag 0.3 s',
    '  chunks       12 late, 3 repeated',
    '  edges        100, 1 silent, 1 with a wrong clock, 2 not in the last bucket',
    '    4f0c  clock 25 s ahead',
    '    77aa  silent for 2 min 3 s',
  ]);
  expect(globalSection.render({ ...globalView, edge: null, levels: [] }, PLAIN)).toHaveLength(1);
});

it('global aggregation says what is wrong, and fits 80 columns', () => {
  const [level] = globalView.levels;
  const bad = 'topic \x1b[2J does not fit '.repeat(9);
  const list = Array.from({ length: 12 }, () => ({
    ...{ edge: 'e\x1b[2J'.repeat(30), skewSeconds: 3, silentSeconds: 99, isSkewed: true, isSilent: true },
  }));
  const view = {
    ...{ ...globalView, topic: 'topic-'.repeat(30), problem: bad },
    edge: {
      ...globalView.edge,
      sealedPartials: BIG,
      acknowledgedPartials: BIG,
      problem: bad,
      failingForSeconds: 5,
    },
    levels: [
      {
        ...level,
        partitions: [{ partition: 7, problem: bad }],
        edges: { ...level?.edges, count: BIG, silent: 12, skewed: 12, missing: BIG, list },
      },
    ],
  };
  const lines = globalSection.render(view, PLAIN);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  expect(lines.join(' ')).toContain('partition 7: topic');
  expect(lines.at(-1)).toBe('    … and more: GET /api/global');
});

const NOW = 1_000_000_000;
const endpointView = {
  endpoint: 'https://app.datadoghq.com',
  state: 'blocked',
  downSince: NOW - 36_000,
  targets: [{ retryAt: 0 }, { retryAt: NOW + 3000 }, { retryAt: NOW + 9000 }],
  queue: { payloads: 4, items: 16, bytes: 2632, oldestAgeSeconds: 6.2 },
  disk: {
    payloads: 1,
    items: 9000,
    bytes: 3_250_000,
    files: 1,
    oldestAt: NOW - 182_000,
    failing: 'EROFS: x',
  },
  lastError: { at: NOW - 6200, text: '/api/v2/series: connect ECONNREFUSED' },
  lastSuccessAt: NOW - 40_000,
  counts: {
    delivered: {
      series: { payloads: 1200, items: 1, bytes: 1 },
      events: { payloads: 34, items: 1, bytes: 1 },
    },
  },
  losses: [
    { reason: 'memory_full', payloads: 1, items: 10, bytes: 1 },
    { reason: 'memory_full', payloads: 1, items: 10, bytes: 1 },
  ],
  keys: [
    { key: '***abcde', state: 'invalid' },
    { key: '***fghij', state: 'valid' },
  ],
};

it('an output is shown with what waits, what is lost and why', () => {
  const outputs = [
    { name: 'datadog', endpoints: [endpointView] },
    { name: 'other', endpoints: [{ url: 'x' }] },
  ];
  expect(outputsSectionAt(() => NOW).render(outputs, PLAIN)).toEqual([
    'datadog https://app.datadoghq.com: down for 36 s, tried again in 3 s',
    '  waiting      4 payloads of 16 items, 2.6 KiB, oldest 6.2 s',
    '  on disk      1 payload of 9,000 items, 3.1 MiB in 1 file, oldest 3 min 2 s',
    '  disk fails   EROFS: x',
    '  delivered    1,234 payloads, the last 40 s ago',
    '  lost         2 payloads of 20 items: memory_full',
    '  last error   6.2 s ago: /api/v2/series: connect ECONNREFUSED',
    '  key          ***abcde is refused by the intake',
  ]);
});

it('an output that works is three lines', () => {
  const { endpoint, targets, counts } = endpointView;
  const queue = { payloads: 0, items: 0, bytes: 0, oldestAgeSeconds: 0 };
  const view = { endpoint, state: 'unblocked', targets, queue, counts, losses: [], lastSuccessAt: NOW };
  expect(outputsSectionAt(() => NOW).render([{ name: 'datadog', endpoints: [view] }], PLAIN)).toEqual([
    'datadog https://app.datadoghq.com: up',
    '  waiting      nothing',
    '  delivered    1,234 payloads, the last 0 s ago',
  ]);
});

it.each([true, false])('outputs fit 80 columns and drive no terminal, colour %s', (colour) => {
  const evil = `\x1b[2J${'very-long '.repeat(40)}${'x'.repeat(200)}`;
  const lastError = { at: 0, text: evil };
  const losses = [{ reason: evil, payloads: BIG, items: BIG, bytes: 1 }];
  const view = { ...endpointView, endpoint: evil, lastError, losses };
  const context = { ...PLAIN, paint: painter(colour) };
  for (const state of ['blocked', 'unblocked', 'half-blocked']) {
    for (const line of outputsSectionAt(() => NOW).render(
      [{ name: evil, endpoints: [{ ...view, state }] }],
      context,
    )) {
      const plain = line.replace(COLOURS, '');
      expect(widthOf(plain)).toBeLessThanOrEqual(80);
      expect(plain).not.toMatch(/\p{Cc}/u);
    }
  }
});

it.each([
  [0, '0'],
  [1234.4, '1,234'],
  [9_999_999, '9,999,999'],
  [10_000_000, '10.00M'],
  [1_234_567_890, '1.23G'],
  [BIG, '987.65G'],
  [5e15, '5000.00T'],
])('the count %d is %s', (count, text) => expect(formatCount(count)).toBe(text));

it.each([
  [0.25, '0.3 s'],
  [59, '59 s'],
  [61, '1 min 1 s'],
  [7200, '2 h 0 min'],
  [200_000, '2 d 7 h'],
])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

it('text is wrapped at spaces, and long words stay whole', () => {
  expect(wrap('one two three', 9, '  ')).toEqual(['  one two', '  three']);
  expect(wrap('x'.repeat(20), 9, '')).toEqual(['x'.repeat(20)]);
  expect(wrap('', 9, '')).toEqual([]);
});

const originView = {
  detection: { sockets: true, client: true, unified: false, cardinality: 'low' },
  collectors: [
    { name: 'static', status: 'off', detail: 'no file', remedy: '', entities: 0, counts: {} },
    { name: 'docker', status: 'running', detail: 'reads d.sock', remedy: '', entities: 12, counts: {} },
    {
      name: 'kubelet',
      status: 'failing',
      detail: 'it answered 403',
      remedy: 'give it a right',
      entities: 3,
      counts: {},
    },
  ],
  senders: {
    ...{ packets: 1234, errors: 3, invisible: 3, truncated: 0, passedDescriptors: 0 },
    ...{ waiting: 2, resolvedLate: 12, gaveUp: 1, noRoom: 0 },
  },
  problems: [
    { problem: 'senders are not seen (3 times)', remedy: 'use hostPID: true' },
    { problem: 'kubelet: it answered 403', remedy: 'give it a right' },
  ],
  total: 15,
};

it('origins are the collectors that are used, what waits, and what is in the way', () => {
  expect(originSection.render(originView, PLAIN)).toEqual([
    'origin: of sockets and client fields, level low; 15 containers and pods',
    '  docker          reads d.sock; 12 known',
    '  kubelet         it answered 403',
    '    give it a right',
    '  senders         1,234 packets with a container, 3 unknown',
    '  messages        2 held, 12 got their tags late, 1 gave up, 0 found no room',
    '  senders are not seen (3 times)',
    '    use hostPID: true',
  ]);
});

it('origins fit 80 columns, and are left out while nobody wants them', () => {
  const bad = 'a path \x1b[2J '.repeat(12) + 'x'.repeat(99);
  const collectors = [{ ...originView.collectors[2], detail: bad }];
  const senders = Object.fromEntries(Object.keys(originView.senders).map((name) => [name, BIG]));
  const view = { ...originView, collectors, senders, total: BIG, problems: [{ problem: bad, remedy: bad }] };
  const lines = originSection.render(view, { ...PLAIN, paint: painter(true) });
  for (const line of lines) {
    const plain = line.replace(COLOURS, '');
    expect(widthOf(plain)).toBeLessThanOrEqual(80);
    expect(plain).not.toMatch(/\p{Cc}/u);
  }
  const detection = { ...originView.detection, sockets: false, client: false };
  expect(originSection.render({ ...view, detection, collectors: [] }, PLAIN)).toEqual([]);
});
