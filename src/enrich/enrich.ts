/**
 * Enrichment: from what a line says to what is aggregated or delivered (spec protocol §8).
 *
 *   metric ─▶ mapper ─▶ special tags ─▶ namespace ─▶ name filter ─▶ extra tags ─▶ EnrichedLine
 *                                                        └▶ undefined: filtered        │ × values
 *   event, check ─────▶ special tags ─────────────────────────────▶ extra tags         ▼
 *                                                                                    samples
 *
 * Nothing in an EnrichedLine depends on the values, so a resolver computes it once per distinct line and
 * the core applies values to it from then on. Tags of the origin are not in it: they may change while the
 * line stays the same (`resolveOriginTags`, `contextTags`).
 */
import type { ContextType } from '../model/context.ts';
import type { EventMessage, MetricMessage, MetricType, ServiceCheckMessage } from '../model/message.ts';
import type { EnrichedLine, Origin, Sample } from '../model/sample.ts';
import type { ByteString } from '../model/text.ts';
import { metricSource } from './metric-source.ts';
import { matchesName } from './name-filter.ts';
import { addNamespace } from './namespace.ts';
import type { EnrichSettings } from './settings.ts';
import { type SpecialTags, takeSpecialTags } from './special-tags.ts';

/** What the socket told about the sender of a packet. */
export type PacketOrigin = Pick<Origin, 'socket' | 'pid'>;

/** For packets of sockets that tell nothing: UDP, pipes, TCP. */
export const UNKNOWN_SENDER: PacketOrigin = { socket: '', pid: 0 };

/** An event or check as it is delivered, before the tags of its origin are added. */
export interface EnrichedMessage<T> {
  readonly message: T;
  readonly origin: Origin;
}

const CONTEXT_TYPE: Readonly<Record<MetricType, ContextType>> = {
  gauge: 'gauge',
  count: 'counter',
  histogram: 'histogram',
  timing: 'histogram',
  distribution: 'distribution',
  set: 'set',
};

/** Returns what all samples of the line share; undefined when its name is filtered. */
export function enrichLine(
  message: MetricMessage,
  settings: EnrichSettings,
  sender: PacketOrigin,
): EnrichedLine | undefined {
  const mapping = settings.mapper?.map(message.name);
  const allTags = mapping === undefined ? message.tags : message.tags.concat(mapping.tags);
  // Mapped tags are searched too: a rule may set the host or the cardinality from the name.
  const special = takeSpecialTags(allTags, message.cardinality);
  const name = addNamespace(settings.namespace, mapping?.name ?? message.name);
  if (matchesName(settings.nameFilter, name)) return undefined;

  const type = CONTEXT_TYPE[message.type];
  const line: EnrichedLine = {
    name,
    type,
    tags: withExtraTags(special.tags, settings),
    host: settings.serverless ? '' : (special.host ?? settings.hostname),
    unit: message.type === 'timing' ? 'millisecond' : '',
    source: metricSource(special.jmxCheck),
    timestamp: message.timestamp,
    sampleRate: message.sampleRate,
    pipeline: message.timestamp > 0 ? 'no_aggregation' : 'aggregated',
    origin: originOf(message, special, sender),
  };
  if (settings.copyPrefix === undefined || type !== 'histogram') return line;
  // The prefix goes before the namespace, and the copy is not filtered by name.
  return { ...line, copy: { name: settings.copyPrefix + name } };
}

/** Returns the samples of a metric in order, and whether its name was filtered. */
export function enrichMetric(
  message: MetricMessage,
  settings: EnrichSettings,
  sender: PacketOrigin,
): { samples: Sample[]; filtered: boolean } {
  const line = enrichLine(message, settings, sender);
  if (line === undefined) return { samples: [], filtered: true };
  const { copy, ...shared } = line;
  if (line.type === 'set')
    return { samples: [{ ...shared, value: 0, rawValue: message.setValue }], filtered: false };
  const samples: Sample[] = [];
  for (const value of message.values) {
    const sample: Sample = { ...shared, value, rawValue: '' };
    samples.push(sample);
    if (copy !== undefined)
      samples.push({ ...sample, name: copy.name, type: 'distribution', pipeline: 'aggregated' });
  }
  return { samples, filtered: false };
}

/** Returns a copy of an event or check with its final host, and with all tags but those of its origin. */
export function enrichMessage<T extends EventMessage | ServiceCheckMessage>(
  message: T,
  settings: EnrichSettings,
  sender: PacketOrigin,
): EnrichedMessage<T> {
  const special = takeSpecialTags(message.tags, message.cardinality);
  return {
    message: {
      ...message,
      hostname: message.hostname === '' ? (special.host ?? settings.hostname) : message.hostname,
      tags: [...withExtraTags(special.tags, settings)],
    },
    origin: originOf(message, special, sender),
  };
}

function withExtraTags(tags: readonly ByteString[], settings: EnrichSettings): readonly ByteString[] {
  return settings.extraTags.length === 0 ? tags : tags.concat(settings.extraTags);
}

function originOf(
  message: MetricMessage | EventMessage | ServiceCheckMessage,
  special: SpecialTags,
  sender: PacketOrigin,
): Origin {
  return {
    socket: sender.socket,
    pid: sender.pid,
    containerId: message.localData.containerId,
    inode: message.localData.inode,
    podUid: special.podUid,
    external: message.externalData,
    cardinality: special.cardinality,
  };
}
