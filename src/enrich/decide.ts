/**
 * decide(): what a parsed message means, as far as that depends on the message, its sender and the settings alone.
 *
 *   message ─▶ enrich ─▶ contexts: its own, its copy ─▶ limits on one context ─▶ Decision
 *                └ steps, for whoever wants to see them (trace.ts)
 *
 * Nothing is changed by it. The resolver (resolver.ts) executes a decision; `explain` prints it. What depends on the other
 * contexts there are, such as how many, is not part of it: context-slots.ts knows that.
 */

import { SCOPE_MARKS } from '../model/context.ts';
import type { EventMessage, ParsedMetric, ServiceCheckMessage } from '../model/message.ts';
import type { EnrichedLine, Origin } from '../model/sample.ts';
import { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';
import { type ContextLimits, limitOfNumber, OVER, OVERFLOW_TAG } from '../model/views/cardinality.ts';
import { ContextText } from './context-text.ts';
import { enrichLine, enrichMessage, type PacketOrigin } from './enrich.ts';
import { contextOf, copyContextOf, type LineContext } from './line-context.ts';
import type { EnrichSettings } from './settings.ts';
import { messageTags } from './tags/context-tags.ts';
import { hostTagsOf } from './tags/host-tags.ts';
import { resolveOriginTags } from './tags/origin.ts';
import { haveSpecialTag } from './tags/special-tags.ts';
import type { Tagger } from './tags/tagger.ts';
import type { Trace } from './trace.ts';

/** What everything is decided with. */
export interface DecideSettings {
  readonly enrich: EnrichSettings;
  readonly tagger: Tagger;
  readonly limits: ContextLimits;
}

/** A context that samples belong to, unless there are too many others. */
export interface DecidedContext {
  readonly context: LineContext;
  /** What tells contexts apart. */
  readonly text: ContextText;
  /** Number of the limit that it is over whatever else there is: its tags, their values, its length. */
  readonly limit: number;
}

export interface MetricDecision {
  readonly outcome: 'metrics' | 'filteredMetrics' | 'unsupportedTimestampedMessages';
  /** Undefined when the line is filtered or dropped. */
  readonly line: EnrichedLine | undefined;
  /** Undefined when the type has no pass-through for timestamps. */
  readonly context: DecidedContext | undefined;
  /** The distribution that a histogram is copied to. */
  readonly copy: DecidedContext | undefined;
  /** Whether lines with the same tags in another order mean the same. */
  readonly orderFree: boolean;
}

export interface MessageDecision<T> {
  /** As delivered, apart from its tags. */
  readonly message: T;
  readonly origin: Origin;
  /** The final tags. */
  readonly tags: readonly ByteString[];
}

export function decideMetric(
  message: ParsedMetric,
  sender: PacketOrigin,
  { enrich, tagger, limits }: DecideSettings,
  trace?: Trace,
): MetricDecision {
  const orderFree = !haveSpecialTag(message.tags);
  const line = enrichLine(message, enrich, sender, trace);
  if (line === undefined)
    return { outcome: 'filteredMetrics', line, context: undefined, copy: undefined, orderFree };
  const own = contextOf(line, enrich, tagger, trace);
  const copied = copyContextOf(line, enrich, tagger, trace && traceOfCopy(trace, own !== undefined));
  const context = own && limited(own, limits, trace);
  const copy = copied && limited(copied, limits, trace);
  const outcome = context === undefined ? 'unsupportedTimestampedMessages' : 'metrics';
  return { outcome, line, context, copy, orderFree };
}

/** A copy has the origin of its line, which is in the trace already if it has a context, but a tag filter of its own. */
function traceOfCopy(trace: Trace, hasOwn: boolean): Trace {
  return (step) => {
    if (!hasOwn || step.kind === 'tags_removed' || step.kind === 'tag_values') trace(step);
  };
}

export function decideMessage<T extends EventMessage | ServiceCheckMessage>(
  message: T,
  sender: PacketOrigin,
  { enrich, tagger }: Pick<DecideSettings, 'enrich' | 'tagger'>,
  trace?: Trace,
): MessageDecision<T> {
  const enriched = enrichMessage(message, enrich, sender, trace);
  const originTags = resolveOriginTags(enriched.origin, enrich.origin, tagger, trace);
  const { tags, hostname } = enriched.message;
  const hostTags = hostTagsOf(hostname, enrich);
  if (trace !== undefined && hostTags.length > 0) trace({ kind: 'host_tags', tags: hostTags });
  return { ...enriched, tags: messageTags(tags, originTags, hostTags) };
}

/** The context that samples reach when no other context is in the way: an overflow series for one over a limit. */
export function reachedContext(
  { context, limit }: DecidedContext,
  { enrich, limits }: Pick<DecideSettings, 'enrich' | 'limits'>,
): LineContext {
  if (limit === OVER.none || (limits.dryRun && limit !== OVER.contextBytes)) return context;
  const { name, type, timestamped } = context;
  return { name, type, host: overflowHost(enrich), tags: Tags.of([OVERFLOW_TAG]), timestamped };
}

/** Overflow series belong to the server: a host may be what there are too many of. */
export function overflowHost({ hostname, serverless }: EnrichSettings): ByteString {
  return serverless ? '' : hostname;
}

function limited(context: LineContext, limits: ContextLimits, trace: Trace | undefined): DecidedContext {
  const { name, host, tags, scope } = context;
  const mark = scope === undefined || scope === 'local' ? '' : SCOPE_MARKS[scope];
  const text = new ContextText(name, host, tags, mark);
  const limit = ownLimitOf(context, text, limits);
  if (trace !== undefined && limit !== OVER.none) {
    const dryRun = limits.dryRun && limit !== OVER.contextBytes;
    trace({ kind: 'over_limit', name, limit: limitOfNumber(limit), dryRun });
  }
  return { context, text, limit };
}

function ownLimitOf({ tags }: LineContext, text: ContextText, limits: ContextLimits): number {
  if (text.isTooLong) return OVER.contextBytes;
  if (limits.tags > 0 && tags.list.length > limits.tags) return OVER.tags;
  const { tagValueBytes } = limits;
  if (tagValueBytes > 0 && tags.list.some((tag) => valueBytes(tag) > tagValueBytes)) return OVER.tagValue;
  return OVER.none;
}

// request_id:7f3a09…
//            ^^^^^^^ the value; a tag without a colon is all value
function valueBytes(tag: ByteString): number {
  return tag.length - (tag.indexOf(':') + 1);
}
