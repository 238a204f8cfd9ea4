/**
 * Enrichment: from what a line says to what is aggregated or delivered (docs/protocol.md#from-message-to-sample).
 *
 *   metric ─▶ mapper ─▶ special tags ─▶ namespace ─▶ name filter ─▶ rule ─▶ extra tags ─▶ EnrichedLine
 *                                                        └▶ undefined ◀┘                     │ × values
 *   event, check ─────▶ special tags ─────────────────────────────────────▶ extra tags       ▼
 *                                                                                          samples
 *
 * Nothing in an EnrichedLine depends on the values, so a resolver computes it once per distinct line and
 * the core applies values to it from then on. Tags of the origin are not in it: they may change while the
 * line stays the same (`resolveOriginTags`, `contextTags`).
 */
import type { ContextType, Scope } from '../model/context.ts';
import type { EventMessage, MetricType, ParsedMetric, ServiceCheckMessage } from '../model/message.ts';
import type { EnrichedLine, LineRule, Origin, Sample } from '../model/sample.ts';
import { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';
import { captureGroups, type Mapping } from './mapper/mapper.ts';
import { metricSource } from './metric-source.ts';
import { matchingEntry } from './names/name-filter.ts';
import { addNamespace, exemptingEntry } from './namespace.ts';
import { type MetricRule, nameOf } from './rules/metric-rule.ts';
import { typeUnder } from './rules/metric-rules.ts';
import type { EnrichSettings } from './settings.ts';
import { type SpecialTags, takeScope, takeSpecialTags } from './tags/special-tags.ts';
import type { HostChoice, Trace } from './trace.ts';

/** What the socket told about the sender of a packet. */
export interface PacketOrigin extends Pick<Origin, 'socket' | 'pid'> {
  /** Id of the v2 cgroup of a process that is gone, while it is not known whose that is. */
  readonly cgroup?: bigint;
}

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

/** Returns what all samples of the line share; undefined when it is filtered or dropped. */
export function enrichLine(
  message: ParsedMetric,
  settings: EnrichSettings,
  sender: PacketOrigin,
  trace?: Trace,
): EnrichedLine | undefined {
  const mapping = settings.mapper?.map(message.name);
  if (trace !== undefined) traceMapping(trace, message.name, mapping, settings);
  const allTags = mapping === undefined ? message.tags : message.tags.with(mapping.tags);
  // Mapped tags are searched too: a rule may set the host or the cardinality from the name.
  const asked = settings.isEdge ? takeScope(allTags, trace) : undefined;
  const special = takeSpecialTags(asked?.tags ?? allTags, message.cardinality, trace);
  const plainName = mapping?.name ?? message.name;
  const name = addNamespace(settings.namespace, plainName);
  if (trace !== undefined) traceNamespace(trace, plainName, name, settings);
  const hit = matchingEntry(settings.nameFilter, name);
  if (hit !== undefined) {
    trace?.({
      kind: 'filtered',
      name,
      entry: hit.entry,
      ...(hit.isRule && { by: 'metric_filterlist_prefix' }),
    });
    return undefined;
  }

  const sentAs = CONTEXT_TYPE[message.type];
  const timestamped = message.timestamp > 0;
  const rule = settings.rules?.ruleOfLine(name, sentAs);
  const type = typeUnder(rule, sentAs, timestamped);
  if (trace !== undefined && rule !== undefined) traceRule(trace, name, rule, sentAs, type);
  if (rule?.drop === true) return undefined;
  const scope = scopeOf(rule, asked?.scope, timestamped, settings);
  if (trace !== undefined) traceScope(trace, name, scope, asked?.scope);
  return {
    name,
    type,
    tags: withExtraTags(special.tags, settings, trace),
    host: scope === 'global' ? noHost(trace) : metricHost(special, settings, trace),
    unit: message.type === 'timing' ? 'millisecond' : '',
    source: metricSource(special.jmxCheck),
    timestamp: message.timestamp,
    sampleRate: message.sampleRate,
    pipeline: timestamped ? 'no_aggregation' : 'aggregated',
    origin: originOf(message, special, sender),
    copy:
      settings.copyPrefix === undefined || type !== 'histogram'
        ? undefined
        : copyOf(settings.copyPrefix + name, asked?.scope, settings, trace),
    rule: tagRule(rule, scope),
    scope: unlessLocal(scope),
  };
}

/** Returns the samples of a metric in order: those of its values, each followed by its copy if there is one. */
export function samplesOf(
  message: ParsedMetric,
  { copy, rule: _, scope: __, ...line }: EnrichedLine,
): Sample[] {
  const shared = { ...line, tags: line.tags.list };
  if (shared.type === 'set') return [{ ...shared, value: 0, rawValue: message.setValue }];
  const samples: Sample[] = [];
  for (const value of message.values) {
    const sample: Sample = { ...shared, value, rawValue: '' };
    samples.push(sample);
    if (copy !== undefined)
      samples.push({ ...sample, name: copy.name, type: 'distribution', pipeline: 'aggregated' });
  }
  return samples;
}

/** Returns a copy of an event or check with its final host, and with all tags but those of its origin. */
export function enrichMessage<T extends EventMessage | ServiceCheckMessage>(
  message: T,
  settings: EnrichSettings,
  sender: PacketOrigin,
  trace?: Trace,
): EnrichedMessage<T> {
  const special = takeSpecialTags(Tags.of(message.tags), message.cardinality, trace);
  return {
    message: {
      ...message,
      tags: [...withExtraTags(special.tags, settings, trace).list],
      hostname: messageHost(message.hostname, special, settings, trace),
    },
    origin: originOf(message, special, sender),
  };
}

/** The prefix goes before the namespace, and the copy is not filtered by name; rules see its own name. */
function copyOf(
  name: ByteString,
  asked: Scope | undefined,
  settings: EnrichSettings,
  trace: Trace | undefined,
): EnrichedLine['copy'] | undefined {
  const rule = settings.rules?.ruleOfLine(name, 'distribution');
  trace?.({ kind: 'copied', name });
  if (trace !== undefined && rule !== undefined) traceRule(trace, name, rule, 'distribution', 'distribution');
  if (rule?.drop === true) return undefined;
  const scope = scopeOf(rule, asked, false, settings);
  if (trace !== undefined) traceScope(trace, name, scope, asked);
  return { name, rule: tagRule(rule, scope), scope: unlessLocal(scope) };
}

/**
 * Where a metric is aggregated: a tag of the line says so, or the rule. Samples with timestamps of their own are never
 * merged with anything.
 */
function scopeOf(
  rule: MetricRule | undefined,
  asked: Scope | undefined,
  timestamped: boolean,
  { isEdge }: EnrichSettings,
): Scope {
  if (!isEdge || timestamped) return 'local';
  if (asked !== undefined) return asked;
  if (rule?.options.global !== true) return 'local';
  return rule.options.keep_local === true ? 'both' : 'global';
}

function unlessLocal(scope: Scope): Scope | undefined {
  return scope === 'local' ? undefined : scope;
}

/**
 * The tags that a rule for global metrics drops are dropped for the fleet alone: a metric that is kept here as well, or is
 * local because a tag says so, has them.
 */
function tagRule(rule: MetricRule | undefined, scope: Scope): LineRule | undefined {
  if (rule?.tagChoice === undefined) return undefined;
  if (rule.options.global === true && scope !== 'global') return undefined;
  return { ...nameOf(rule), tagChoice: rule.tagChoice };
}

function withExtraTags(tags: Tags, { extraTags }: EnrichSettings, trace: Trace | undefined): Tags {
  if (extraTags.length === 0) return tags;
  trace?.({ kind: 'extra_tags', tags: extraTags });
  return tags.with(extraTags);
}

function noHost(trace: Trace | undefined): ByteString {
  trace?.({ kind: 'host', host: '', from: 'global' });
  return '';
}

function metricHost(special: SpecialTags, settings: EnrichSettings, trace: Trace | undefined): ByteString {
  if (!settings.serverless) return messageHost('', special, settings, trace);
  trace?.({ kind: 'host', host: '', from: 'serverless' });
  return '';
}

/** The host of the field if there is one, else that of the tag, else the server's own. */
function messageHost(
  field: ByteString,
  special: SpecialTags,
  settings: EnrichSettings,
  trace: Trace | undefined,
): ByteString {
  const from: HostChoice = field !== '' ? 'field' : special.host !== undefined ? 'tag' : 'server';
  const host = from === 'field' ? field : (special.host ?? settings.hostname);
  trace?.({ kind: 'host', host, from });
  return host;
}

function originOf(
  message: ParsedMetric | EventMessage | ServiceCheckMessage,
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

function traceScope(trace: Trace, name: ByteString, scope: Scope, asked: Scope | undefined): void {
  if (scope !== 'local' || asked !== undefined)
    trace({ kind: 'scope', name, scope, by: asked === undefined ? 'rule' : 'tag' });
}

function traceRule(
  trace: Trace,
  name: ByteString,
  rule: MetricRule,
  before: ContextType,
  after: ContextType,
): void {
  const { drop, as } = rule;
  const effect = after !== before ? { as: after } : as === undefined || as === before ? {} : { refused: as };
  trace({ kind: 'rule', name, ...nameOf(rule), drop, ...effect });
}

function traceMapping(
  trace: Trace,
  name: ByteString,
  mapping: Mapping | undefined,
  settings: EnrichSettings,
): void {
  if (mapping !== undefined) {
    const { rule, tags } = mapping;
    trace({
      kind: 'mapped',
      profile: rule.profileName,
      rule: rule.number,
      match: rule.options.match ?? '',
      captures: captureGroups(rule, name),
      name: mapping.name,
      tags,
    });
    return;
  }
  const profile = settings.mapper?.profileOf(name);
  if (profile !== undefined) trace({ kind: 'unmapped', profile: profile.name });
}

function traceNamespace(
  trace: Trace,
  plainName: ByteString,
  name: ByteString,
  { namespace }: EnrichSettings,
): void {
  if (namespace.prefix === '') return;
  const entry = exemptingEntry(namespace, plainName);
  if (entry === undefined) trace({ kind: 'namespace', prefix: namespace.prefix, name });
  else trace({ kind: 'namespace_exempt', entry });
}
