/**
 * What is in recorded traffic, and what the present configuration would make of it.
 *
 *   records ─▶ counts by packet │ lines ─▶ cold path, once for each distinct line ─▶ counts by metric, tag, type, field
 *
 * Lines that differ only in their value and the values of their tags are looked at once: what is known of them is kept by
 * what is left of the line. So a rule that goes by the value of a tag counts as it did for the first such line.
 *
 * Memory  has a bound whatever the file: LINES_MAX known lines, NAMES_MAX metrics, TAG_KEYS_MAX tag keys, SENDERS_MAX
 *         senders, and a timeline of SLOTS slots whose width doubles as needed. What is beyond is counted. Distinct contexts
 *         and tag values are estimates within some 5 %; small numbers are nearly exact.
 */
import { DistinctEstimate, hashOf } from '../../aggregate/contexts/distinct-estimate.ts';
import { LF } from '../../model/core-border.ts';
import { type ByteString, detachText, toText } from '../../model/text.ts';
import type { ContextLimits } from '../../model/views/cardinality.ts';
import { tagsOf } from '../capture/filter.ts';
import { type ReadRecord, secondsOf } from '../capture/record.ts';
import type { AnalysisReport, Counts, MetricReport } from './analysis-report.ts';
import { contextOf, type KnownLine, KnownLines, type LookOptions } from './known-lines.ts';
import { Timeline } from './timeline.ts';

export interface AnalysisOptions extends LookOptions {
  readonly limits: ContextLimits;
}

/** Contexts that are counted exactly; beyond them it is an estimate. */
const CONTEXTS_MAX = 200_000;
const NAMES_MAX = 20_000;
const TAG_KEYS_MAX = 2000;
const SENDERS_MAX = 10_000;
/** Contexts of a metric that are counted exactly; beyond them it is an estimate. */
const METRIC_EXACT_MAX = 16;
const ROWS = 20;
const REJECTIONS_SHOWN = 20;
const EXAMPLE_BYTES_MAX = 200;
/** Buffers that clients and servers are known to have: a packet that fills one and ends within a line was cut there. */
const BUFFER_SIZES = new Set([1024, 1432, 4096, 8192, 16_384, 32_768, 65_507, 65_536]);
interface MetricCount {
  readonly type: string;
  lines: number;
  values: number;
  readonly contexts: DistinctEstimate;
  /** Exact while it is small, because most metrics have few contexts. */
  readonly exact: Set<string>;
}

interface TagCount {
  lines: number;
  readonly values: DistinctEstimate;
}

interface SenderCount {
  readonly workload: string;
  packets: number;
  bytes: number;
  lines: number;
}

export class Analysis {
  private readonly options: AnalysisOptions;
  private packets = 0;
  private bytes = 0;
  private lines = 0;
  private emptyPackets = 0;
  private leftOut = 0;
  private firstAt = Number.POSITIVE_INFINITY;
  private lastAt = 0;
  private readonly sizes = new Map<number, number>();
  private readonly listeners = new Map<string, number>();
  private readonly kinds = new Map<string, number>();
  private readonly features = new Map<string, number>();
  private readonly effects = new Map<string, number>();
  private readonly truncation = new Map<string, number>();
  private readonly rejected = new Map<string, { lines: number; example: string }>();
  private readonly contexts = new DistinctEstimate();
  private readonly exactContexts = new Set<string>();
  private readonly metrics = new Map<string, MetricCount>();
  private readonly tagKeys = new Map<string, TagCount>();
  private readonly senders = new Map<string, SenderCount>();
  private readonly timeline = new Timeline();
  private readonly known: KnownLines;

  constructor(options: AnalysisOptions) {
    this.options = options;
    this.known = new KnownLines(options);
  }

  add(record: ReadRecord): void {
    const { payload, timestamp, listener } = record;
    const { length } = payload;
    this.packets++;
    this.bytes += length;
    if (length === 0) this.emptyPackets++;
    add(this.sizes, length);
    if (listener !== '') add(this.listeners, listener);
    const at = timestamp === 0n ? 0 : secondsOf(record);
    if (at > 0) {
      this.firstAt = Math.min(this.firstAt, at);
      this.lastAt = Math.max(this.lastAt, at);
    }
    const text = Buffer.from(payload.buffer, payload.byteOffset, length).toString('latin1');
    const lines = text.split('\n').filter((line) => line !== '');
    this.lines += lines.length;
    this.addSender(record, lines.length);
    this.timeline.packet(at, length, lines.length);
    let isLastRejected = false;
    for (const line of lines) isLastRejected = this.addLine(line, record, at);
    this.noteTruncation(record, isLastRejected);
  }

  report(): AnalysisReport {
    const seconds = this.firstAt === Number.POSITIVE_INFINITY ? 0 : this.lastAt - this.firstAt;
    const { packets, bytes, lines, emptyPackets, lastAt, leftOut } = this;
    const metrics = [...this.metrics].map(([key, count]) => ({
      name: toText(key.slice(key.indexOf(' ') + 1)),
      type: count.type,
      lines: count.lines,
      values: count.values,
      contexts: contextsOf(count),
    }));
    const byLines = [...metrics].sort((a, b) => b.lines - a.lines || compare(a.name, b.name));
    const byContexts = [...metrics].sort((a, b) => b.contexts - a.contexts || compare(a.name, b.name));
    return {
      ...{ packets, bytes, lines, emptyPackets, lastAt, seconds, leftOut },
      firstAt: seconds === 0 && lastAt === 0 ? 0 : this.firstAt,
      packetBytes: this.packetBytes(),
      packetSizes: sizeClasses(this.sizes),
      listeners: sorted(this.listeners),
      kinds: sorted(this.kinds),
      features: sorted(this.features),
      contexts: this.contextCount(),
      metrics: [...new Set([...byLines.slice(0, ROWS), ...byContexts.slice(0, ROWS)])],
      metricCount: metrics.length,
      tags: [...this.tagKeys]
        .map(([key, { lines: of, values }]) => ({ key: toText(key), lines: of, values: values.value }))
        .sort((a, b) => b.values - a.values || compare(a.key, b.key))
        .slice(0, ROWS),
      tagKeyCount: this.tagKeys.size,
      senders: [...this.senders]
        .map(([sender, count]) => ({ sender, ...count }))
        .sort((a, b) => b.lines - a.lines || compare(a.sender, b.sender))
        .slice(0, ROWS),
      senderCount: this.senders.size,
      timeline: this.timeline.report(),
      truncation: sorted(this.truncation),
      effects: sorted(this.effects),
      rejected: [...this.rejected]
        .map(([reason, { lines: of, example }]) => ({ reason, lines: of, example: toText(example) }))
        .sort((a, b) => b.lines - a.lines),
      overLimits: this.overLimits(metrics),
    };
  }

  /** True when the line was rejected. */
  private addLine(line: ByteString, record: ReadRecord, at: number): boolean {
    const tags = tagsOf(line).filter((tag) => tag !== '');
    const known = this.known.look(line, tags, record);
    add(this.kinds, known.kind);
    for (const feature of known.features) add(this.features, feature);
    for (const effect of known.effects) add(this.effects, effect);
    if (known.rejection !== undefined) {
      this.noteRejected(known.rejection, line);
      return true;
    }
    for (const tag of tags) this.addTag(tag);
    if (known.contextHead === '') return false;
    const context = contextOf(known, tags);
    const hash = hashOf(context);
    this.contexts.addHash(hash);
    if (this.exactContexts.size < CONTEXTS_MAX) this.exactContexts.add(context);
    this.timeline.context(at, hash);
    this.addMetric(known, line, context, hash);
    return false;
  }

  private addMetric({ name, kind }: KnownLine, line: ByteString, context: string, hash: number): void {
    const key = `${kind} ${name}`;
    let count = this.metrics.get(key);
    if (count === undefined) {
      if (this.metrics.size >= NAMES_MAX) {
        this.leftOut++;
        return;
      }
      count = { type: kind, lines: 0, values: 0, contexts: new DistinctEstimate(), exact: new Set() };
      this.metrics.set(key, count);
    }
    count.lines++;
    count.values += valuesOf(line);
    count.contexts.addHash(hash);
    if (count.exact.size < METRIC_EXACT_MAX) count.exact.add(context);
  }

  private addTag(tag: ByteString): void {
    const colon = tag.indexOf(':');
    const key = colon < 0 ? tag : tag.slice(0, colon);
    let count = this.tagKeys.get(key);
    if (count === undefined) {
      if (this.tagKeys.size >= TAG_KEYS_MAX) {
        this.leftOut++;
        return;
      }
      count = { lines: 0, values: new DistinctEstimate() };
      this.tagKeys.set(detachText(key), count);
    }
    count.lines++;
    count.values.add(tag);
  }

  private addSender({ pid, peer, listener, payload }: ReadRecord, lines: number): void {
    // The port of a datagram differs from client to client and from run to run; the host is what people know.
    const host = peer.replace(/:\d+$/, '');
    const sender = pid > 0 ? `pid ${pid}` : host !== '' ? host : listener || 'unknown';
    let count = this.senders.get(sender);
    if (count === undefined) {
      if (this.senders.size >= SENDERS_MAX) {
        this.leftOut++;
        return;
      }
      const workload = toText(this.options.senders.senderOf(pid).socket);
      count = { workload, packets: 0, bytes: 0, lines: 0 };
      this.senders.set(sender, count);
    }
    count.packets++;
    count.bytes += payload.length;
    count.lines += lines;
  }

  private noteRejected(reason: string, line: ByteString): void {
    const known = this.rejected.get(reason);
    if (known !== undefined) known.lines++;
    else if (this.rejected.size < REJECTIONS_SHOWN)
      this.rejected.set(reason, { lines: 1, example: line.slice(0, EXAMPLE_BYTES_MAX) });
    else this.leftOut++;
  }

  private noteTruncation({ payload, missingBytes }: ReadRecord, isLastRejected: boolean): void {
    if (missingBytes > 0) add(this.truncation, 'the recording has less than was sent');
    if (payload.length === 0 || payload.at(-1) === LF) return;
    if (BUFFER_SIZES.has(payload.length))
      add(this.truncation, `ends within a line after exactly ${payload.length} bytes`);
    else if (isLastRejected) add(this.truncation, 'ends with a line that means nothing');
  }

  private contextCount(): number {
    return this.exactContexts.size < CONTEXTS_MAX ? this.exactContexts.size : this.contexts.value;
  }

  private packetBytes(): AnalysisReport['packetBytes'] {
    const lengths = [...this.sizes.keys()].sort((a, b) => a - b);
    const at = (share: number): number => {
      let left = share * this.packets;
      for (const length of lengths) {
        left -= this.sizes.get(length) as number;
        if (left <= 0) return length;
      }
      return lengths.at(-1) ?? 0;
    };
    const mean = this.packets === 0 ? 0 : this.bytes / this.packets;
    return {
      min: lengths[0] ?? 0,
      mean: Math.round(mean),
      max: lengths.at(-1) ?? 0,
      p50: at(0.5),
      p95: at(0.95),
    };
  }

  private overLimits(metrics: readonly MetricReport[]): string[] {
    const { limits } = this.options;
    const sentences: string[] = [];
    const contexts = this.contextCount();
    if (contexts > limits.contexts)
      sentences.push(
        `limits.contexts is ${limits.contexts}; ${contexts - limits.contexts} contexts would go to overflow series`,
      );
    const { contextsPerMetric } = limits;
    for (const { name, contexts: of } of metrics) {
      if (contextsPerMetric > 0 && of > contextsPerMetric)
        sentences.push(`limits.contexts_per_metric is ${contextsPerMetric}; ${name} has ${of} contexts`);
    }
    return sentences.slice(0, ROWS);
  }
}

function contextsOf({ exact, contexts }: MetricCount): number {
  return exact.size < METRIC_EXACT_MAX ? exact.size : Math.max(contexts.value, METRIC_EXACT_MAX);
}

function valuesOf(line: ByteString): number {
  const end = line.indexOf('|');
  let values = 0;
  for (let at = line.indexOf(':'); at >= 0 && at < end; at = line.indexOf(':', at + 1)) values++;
  return values;
}

function add(counts: Map<string, number>, key: string): void;
function add(counts: Map<number, number>, key: number): void;
function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])));
}

/** Packets by the power of two that their length is at most. */
function sizeClasses(sizes: ReadonlyMap<number, number>): Counts {
  const classes = new Map<number, number>();
  for (const [length, packets] of sizes) {
    const most = 2 ** Math.ceil(Math.log2(Math.max(length, 1)));
    classes.set(most, (classes.get(most) ?? 0) + packets);
  }
  return Object.fromEntries([...classes].sort((a, b) => a[0] - b[0]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
