/**
 * The context the samples of a line belong to: the end of enrichment, where the tags of the origin join.
 *
 *   EnrichedLine ─┬─▶ contextOf        its own name and type
 *                 └─▶ copyContextOf    the distribution that a histogram is copied to, never timestamped
 */
import type { ContextType, Scope } from '../model/context.ts';
import type { EnrichedLine, LineCopy } from '../model/sample.ts';
import type { Tags } from '../model/tags.ts';
import type { ByteString } from '../model/text.ts';
import { DOGSTATSD } from './metric-source.ts';
import type { EnrichSettings } from './settings.ts';
import { contextTags, timestampedTags } from './tags/context-tags.ts';
import { hostTagsOf } from './tags/host-tags.ts';
import { resolveOriginTags } from './tags/origin.ts';
import type { Tagger } from './tags/tagger.ts';
import type { Trace } from './trace.ts';

export interface LineContext {
  readonly name: ByteString;
  readonly type: ContextType;
  readonly host: ByteString;
  readonly tags: Tags;
  /** Samples have timestamps of their own and are passed through; order and repetition of tags count. */
  readonly timestamped: boolean;
  /** The JMX check its samples come from; absent for all others. */
  readonly source?: string;
  /** Where it is aggregated; absent for local contexts. */
  readonly scope?: Scope;
  /** Its samples came as timings; told only where an output shows these otherwise. */
  readonly isTiming?: boolean;
}

/** Returns the context; undefined for samples with timestamps of a type that has no pass-through. */
export function contextOf(
  line: EnrichedLine,
  settings: EnrichSettings,
  tagger: Tagger,
  trace?: Trace,
): LineContext | undefined {
  const timestamped = line.pipeline === 'no_aggregation';
  if (timestamped && line.type !== 'gauge' && line.type !== 'counter') return undefined;
  return resolveContext(line, line.type, timestamped, line, settings, tagger, trace);
}

/** Returns the context of the copy; undefined for a line that is not copied. */
export function copyContextOf(
  line: EnrichedLine,
  settings: EnrichSettings,
  tagger: Tagger,
  trace?: Trace,
): LineContext | undefined {
  if (line.copy === undefined) return undefined;
  return resolveContext(line.copy, 'distribution', false, line, settings, tagger, trace);
}

/** The context of the line itself or of its copy; `line` has what both share. */
function resolveContext(
  { name, rule, scope }: LineCopy,
  type: ContextType,
  timestamped: boolean,
  line: EnrichedLine,
  settings: EnrichSettings,
  tagger: Tagger,
  trace: Trace | undefined,
): LineContext {
  const originTags = resolveOriginTags(line.origin, settings.origin, tagger, trace);
  const tagsOf = timestamped ? timestampedTags : contextTags;
  // A copy may be the fleet's while what it copies is not.
  const host = scope === 'global' ? '' : line.host;
  const hostTags = hostTagsOf(host, settings);
  if (hostTags.length > 0) trace?.({ kind: 'host_tags', tags: hostTags });
  const tags = tagsOf(name, line.tags, originTags, settings, rule, trace).withMissing(hostTags);
  const context = { name, type, host, tags, timestamped };
  if (scope === undefined && line.unit === '' && line.source === DOGSTATSD) return context;
  return {
    ...context,
    ...(scope !== undefined && { scope }),
    ...(line.unit === 'millisecond' && { isTiming: true }),
    ...(line.source !== DOGSTATSD && { source: line.source }),
  };
}
