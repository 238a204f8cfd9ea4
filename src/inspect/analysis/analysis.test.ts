import { describe, expect, it } from 'vitest';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import { loadConfig } from '../../config/load.ts';
import { NO_TAGGER } from '../../enrich/tags/tagger.ts';
import { CapturedTagger } from '../capture/captured-tagger.ts';
import type { ReadRecord } from '../capture/record.ts';
import { EMPTY_STATE } from '../capture/tagger-state.ts';
import { walkSettings } from '../explain/explain.ts';
import { Analysis } from './analysis.ts';
import { compareAnalyses } from './analysis-compare.ts';
import { renderAnalysisHtml } from './analysis-html.ts';
import type { AnalysisReport } from './analysis-report.ts';
import { renderAnalysis, sparkline } from './analysis-text.ts';

const plain = (_: string, text: string): string => text;
const NS = 1_000_000_000n;

function record(text: string, seconds = 1000, rest: Partial<ReadRecord> = {}): ReadRecord {
  return {
    timestamp: BigInt(Math.round(seconds * 1000)) * (NS / 1000n),
    payload: Buffer.from(text, 'latin1'),
    ...{ pid: 0, ancillary: new Uint8Array(0), listener: '', peer: '', missingBytes: 0, ...rest },
  };
}

function analyze(records: readonly ReadRecord[], values: object = {}): AnalysisReport {
  const loaded = loadConfig({ values });
  const state = { ...EMPTY_STATE, pids: new Map([[7, 'container_id://abc']]) };
  const analysis = new Analysis({
    walk: walkSettings(loaded, {}),
    limits: contextLimitsOf(loaded.config),
    senders: new CapturedTagger(state, NO_TAGGER),
    eolRequired: () => false,
  });
  for (const one of records) analysis.add(one);
  return analysis.report();
}

describe('an analysis', () => {
  it('counts packets, lines, bytes, types, fields, senders and listeners', () => {
    const report = analyze([
      record('a:1|c|#env:x\nb:2|g', 1000, { listener: 'udp', peer: '10.0.0.1:4000' }),
      record('a:1:2:3|c|#env:x', 1001, { listener: 'udp', peer: '10.0.0.1:4001' }),
      record('_e{1,1}:t|x\n_sc|db|0\nnonsense\n', 1002, { listener: 'unixgram', pid: 7 }),
      record('', 1003),
    ]);
    expect(report).toMatchObject({
      ...{ packets: 4, lines: 6, bytes: 64, emptyPackets: 1, firstAt: 1000, lastAt: 1003, seconds: 3 },
      listeners: { udp: 2, unixgram: 1 },
      kinds: { count: 2, event: 1, gauge: 1, rejected: 1, service_check: 1 },
      features: { '# tags': 2, event: 1, 'packed values (1.1)': 1, 'service check': 1 },
      ...{ contexts: 2, metricCount: 2, tagKeyCount: 1, senderCount: 3 },
    });
    expect(report.senders).toMatchObject([
      { sender: '10.0.0.1', packets: 2, lines: 3 },
      { sender: 'pid 7', workload: 'container_id://abc', lines: 3 },
      { sender: 'unknown', packets: 1, lines: 0 },
    ]);
    expect(report.metrics).toEqual([
      { name: 'a', type: 'count', lines: 2, values: 4, contexts: 1 },
      { name: 'b', type: 'gauge', lines: 1, values: 1, contexts: 1 },
    ]);
    expect(report.rejected).toMatchObject([{ lines: 1, example: 'nonsense' }]);
  });

  it('sees contexts and cardinality over time', () => {
    const records = Array.from({ length: 300 }, (_, i) => record(`a:1|c|#user:${i}`, 1000 + i));
    const report = analyze(records);
    expect(report.contexts).toBe(300);
    expect(Math.abs((report.tags[0]?.values ?? 0) - 300)).toBeLessThan(30);
    const { lines, slotSeconds } = report.timeline;
    expect(lines.reduce((sum, value) => sum + value, 0)).toBe(300);
    expect(lines.length).toBeLessThanOrEqual(240);
    expect(slotSeconds).toBeCloseTo(1.6);
  });

  it('suspects packets that look cut', () => {
    const full = 'a:1|c\n'.repeat(1365);
    const report = analyze([
      record(`${full}a:`),
      record('a:1|c\nb:'),
      record('a:1|c', 1, { missingBytes: 3 }),
      record('a:1|c\n'),
    ]);
    expect(report.truncation).toEqual({
      'ends with a line that means nothing': 1,
      'ends within a line after exactly 8192 bytes': 1,
      'the recording has less than was sent': 1,
    });
  });

  it('says what the configuration would do, and which limits it passes', () => {
    const records = Array.from({ length: 20 }, (_, i) => record(`web.hits:1|c|#user:${i}\nnoise:1|c`));
    const report = analyze(records, {
      metric_filterlist: ['noise'],
      limits: { contexts: 16, contexts_per_metric: 10 },
    });
    expect(report.effects).toEqual({ 'filtered by name': 20 });
    expect(report.kinds).toEqual({ count: 20, filtered: 20 });
    expect(report.overLimits[0]).toBe('limits.contexts is 16; 4 contexts would go to overflow series');
    expect(report.overLimits[1]).toMatch(/^limits\.contexts_per_metric is 10; web\.hits has \d+ contexts$/);
  });

  it('looks at lines whose values differ once, and at odd values each', () => {
    const report = analyze([record('a:1|c\na:2|c\na:x|c\na:1e3|c\na:|c')]);
    expect(report.kinds).toEqual({ count: 3, rejected: 2 });
  });

  it('is shown as text and as a page, with nothing in it that drives a terminal or a browser', () => {
    const report = analyze([record('a<script>:1|c|#k\x1b[2J:<b>\n<img>', 1000), record('a:1|c', 1010)]);
    const text = renderAnalysis('day\x1b.dog', report, plain as never);
    expect(text).not.toContain('\x1b');
    expect(text).toContain('2 packets');
    const html = renderAnalysisHtml('<day>', report, ['cut <here>']);
    expect(html).not.toMatch(/<script|<img|<b>|<day>|<here>/);
    expect(html).toContain('<svg');
    expect(html).not.toMatch(/(?:src|href)=/);
  });

  it('of nothing is a report as well', () => {
    expect(analyze([])).toMatchObject({
      packets: 0,
      lines: 0,
      seconds: 0,
      firstAt: 0,
      contexts: 0,
      metrics: [],
    });
    expect(renderAnalysis('empty', analyze([]), plain as never)).toContain('0 packets');
  });
});

describe('two analyses', () => {
  it('differ in rates, metrics and fields', () => {
    const before = analyze([record('a:1|c\nb:1|c', 1000), record('a:1|c', 1010)]);
    const after = analyze([record('a:1|c|#x:1', 2000), record('a:1|c|#x:2\nc:1|g', 2005)]);
    const comparison = compareAnalyses(before, after);
    expect(comparison.onlyBefore).toEqual(['b (count)']);
    expect(comparison.onlyAfter).toEqual(['c (gauge)']);
    expect(comparison.numbers.find(({ what }) => what === 'lines a second')).toEqual({
      what: 'lines a second',
      before: 0.3,
      after: 0.6,
    });
    expect(comparison.features).toContainEqual({ what: '# tags', before: 0, after: 2 });
  });
});

it('a line of sparks has at most 60 columns and a gap where nothing was', () => {
  expect(sparkline([8, 0, 4])).toBe('█ ▅');
  expect(sparkline(Array.from({ length: 240 }, () => 1))).toHaveLength(60);
});
