/**
 * What a test server knows: every message in the order it came, and what was received added up.
 *
 *   packet ─▶ cold path (inspect/explain/walk.ts) ─▶ messages, metrics, events, service checks, rejected lines
 *
 * It is the server's own code that says what a line means, so a test sees what a server would deliver.
 *
 * Limits  MESSAGES_MAX of each kind; the oldest go first, counted in `leftOut`.
 */
import { EventEmitter } from 'node:events';
import { loadConfig } from '../../config/load.ts';
import { type PacketSource, walkSettings } from '../../inspect/explain/explain.ts';
import {
  type MessageOutcome,
  type MetricOutcome,
  type Walk,
  type WalkSettings,
  walkPacket,
} from '../../inspect/explain/walk.ts';
import type { ContextType } from '../../model/context.ts';
import type { ParsedMetric } from '../../model/message.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { MetricTable } from './metric-table.ts';
import type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedServiceCheck,
  ReceivedType,
  RejectedMessage,
  Via,
} from './received.ts';

export const MESSAGES_MAX = 100_000;
/** How many are let go at a time, so that a full list is not shifted for every message. */
const LET_GO = 1000;
/** Stands for the server's own host, and is shown as none. */
const OWN_HOST = 'whippet-test-server';

const SOURCES: Readonly<Record<Via, PacketSource>> = {
  udp: 'udp',
  tcp: 'udp',
  http: 'udp',
  unixgram: 'uds',
  unix: 'uds',
};

/** What a context of another type than its line's becomes. */
const TYPE_OF_CONTEXT: Readonly<Record<ContextType, ReceivedType>> = {
  counter: 'count',
  gauge: 'gauge',
  histogram: 'histogram',
  distribution: 'distribution',
  set: 'set',
};

/** Where the configuration comes from. */
export interface ConfigFrom {
  readonly file?: string;
  /** Keys and values as in the file; they win over it. */
  readonly values: object;
}

export interface RecorderOptions {
  readonly request: ConfigFrom;
  /** Milliseconds, from any beginning. */
  readonly clock: () => number;
}

export class Recorder {
  readonly metrics = new MetricTable();
  messages: ReceivedMessage[] = [];
  events: ReceivedEvent[] = [];
  serviceChecks: ReceivedServiceCheck[] = [];
  rejected: RejectedMessage[] = [];
  /** Lines as bytes since the last flush, for the virtual clock. */
  unflushed: ByteString[] = [];
  /** Messages since the last reset(). */
  messageCount = 0;
  filteredCount = 0;
  private letGo = 0;
  private readonly arrivals = new EventEmitter();
  private readonly settings: ReadonlyMap<PacketSource, WalkSettings>;
  private readonly clock: () => number;
  private startMs: number;

  /** Throws ConfigError. */
  constructor({ request, clock }: RecorderOptions) {
    const values = { hostname: OWN_HOST, ...request.values };
    const loaded = loadConfig({ ...request, values, valuesAreCode: true });
    this.settings = new Map(
      (['udp', 'uds'] as const).map((source) => [source, walkSettings(loaded, { source })]),
    );
    this.clock = clock;
    this.startMs = clock();
    this.arrivals.setMaxListeners(0);
  }

  /** Messages that are no longer known, and samples that were never, because there were too many. */
  get leftOut(): number {
    return this.letGo + this.metrics.leftOut;
  }

  /** Takes a packet; `sender` says who sent it and knows the tags of that time. Never throws. */
  accept(packet: Uint8Array, via: Via, sender?: Pick<WalkSettings, 'sender' | 'tagger'>): void {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength).toString('latin1');
    const settings = this.settings.get(SOURCES[via]) as WalkSettings;
    const { walks } = walkPacket(bytes, sender === undefined ? settings : { ...settings, ...sender });
    for (const walk of walks) this.takeWalk(walk, via);
    this.arrivals.emit('arrival');
  }

  /** What is known about workloads without a capture. */
  get tagger(): WalkSettings['tagger'] {
    return (this.settings.get('udp') as WalkSettings).tagger;
  }

  /** Calls back after every packet, until the function it returns is called. */
  onArrival(listener: () => void): () => void {
    this.arrivals.on('arrival', listener);
    return () => this.arrivals.off('arrival', listener);
  }

  reset(): void {
    this.metrics.clear();
    this.messages = [];
    this.events = [];
    this.serviceChecks = [];
    this.rejected = [];
    this.unflushed = [];
    this.messageCount = 0;
    this.filteredCount = 0;
    this.letGo = 0;
    this.startMs = this.clock();
  }

  private takeWalk({ line, parsed, outcome }: Walk, via: Via): void {
    this.messageCount++;
    let kind: ReceivedMessage['kind'];
    if (parsed.kind === 'error') {
      kind = 'rejected';
      const { messageType, error, at } = parsed;
      this.keep(this.rejected, { line: toText(line), messageType, reason: error, at });
    } else if (parsed.kind === 'metric') {
      kind = this.takeMetric(parsed, outcome as MetricOutcome) ? 'metric' : 'filtered';
    } else {
      kind = parsed.kind;
      this.takeMessage(outcome as MessageOutcome);
    }
    if (kind === 'filtered') this.filteredCount++;
    this.keep(this.unflushed, line);
    this.keep(this.messages, { line: toText(line), via, kind, atMs: this.clock() - this.startMs });
  }

  /** False when the line was filtered. */
  private takeMetric(message: ParsedMetric, { line, contexts }: MetricOutcome): boolean {
    if (line === undefined) return false;
    for (const context of contexts) {
      const ofLine = context.type === line.type;
      this.metrics.add({
        name: toText(context.name),
        // A timing is a histogram by another name; the name is what a test knows.
        type: ofLine && message.type === 'timing' ? 'timing' : TYPE_OF_CONTEXT[context.type],
        tags: context.tags.list.map(toText),
        host: hostOf(context.host),
        values: message.values,
        element: message.type === 'set' ? toText(message.setValue) : undefined,
        sampleRate: line.sampleRate,
        timestamp: line.timestamp,
      });
    }
    return true;
  }

  private takeMessage({ message, tags }: MessageOutcome): void {
    const host = hostOf(message.hostname);
    if (message.kind === 'event') {
      this.keep(this.events, {
        title: toText(message.title),
        text: toText(message.text),
        timestamp: message.timestamp,
        host,
        priority: message.priority,
        alertType: message.alertType,
        aggregationKey: toText(message.aggregationKey),
        sourceType: toText(message.sourceType),
        tags: tags.map(toText),
      });
      return;
    }
    this.keep(this.serviceChecks, {
      name: toText(message.name),
      status: message.status,
      message: toText(message.message),
      timestamp: message.timestamp,
      host,
      tags: tags.map(toText),
    });
  }

  private keep<T>(list: T[], item: T): void {
    if (list.length >= MESSAGES_MAX) {
      list.splice(0, LET_GO);
      this.letGo += LET_GO;
    }
    list.push(item);
  }
}

function hostOf(host: ByteString): string {
  const text = toText(host);
  return text === OWN_HOST ? '' : text;
}
