/**
 * Takes a packet down the cold path the way an intake thread does, and writes down what happens.
 *
 *   packet ─▶ lines ─▶ parse ─▶ enrich ─▶ samples and contexts, or a finished event or check
 *                        └ notes   └ steps
 *
 * The work is done by the functions that the resolver calls (protocol/, enrich/); this file only passes them
 * something that listens. It is one of the places that join parts. Reads no clock and no socket.
 */
import { messageTags } from '../enrich/context-tags.ts';
import { enrichLine, enrichMessage, type PacketOrigin, samplesOf } from '../enrich/enrich.ts';
import { contextOf, copyContextOf, type LineContext } from '../enrich/line-context.ts';
import { resolveOriginTags } from '../enrich/origin.ts';
import type { EnrichSettings } from '../enrich/settings.ts';
import type { Tagger } from '../enrich/tagger.ts';
import type { EnrichStep } from '../enrich/trace.ts';
import type { EventMessage, MetricMessage, ParseResult, ServiceCheckMessage } from '../model/message.ts';
import type { EnrichedLine, Origin, Sample } from '../model/sample.ts';
import type { ByteString } from '../model/text.ts';
import { parseMessage } from '../protocol/message.ts';
import type { ParseOptions } from '../protocol/options.ts';
import { splitPacket } from '../protocol/packet.ts';

/** What everything is decided with; the same for all packets of one origin. */
export interface WalkSettings {
  readonly parse: Omit<ParseOptions, 'observer'>;
  readonly eolRequired: boolean;
  readonly enrich: EnrichSettings;
  readonly tagger: Tagger;
  readonly sender: PacketOrigin;
}

/** An oddity that did not reject the line. */
export interface ParseNote {
  readonly kind: 'unknown_field' | 'disabled_field' | 'bad_origin_field';
  /** The field's first byte, how it starts, or the part of it that is malformed. */
  readonly text: ByteString;
}

export interface Walk {
  readonly line: ByteString;
  readonly parsed: ParseResult;
  readonly notes: readonly ParseNote[];
  readonly steps: readonly EnrichStep[];
  /** Undefined for a line that was rejected. */
  readonly outcome: Outcome | undefined;
}

export type Outcome = MetricOutcome | MessageOutcome;

export interface MetricOutcome {
  readonly kind: 'metric';
  /** Undefined when the name was filtered. */
  readonly line: EnrichedLine | undefined;
  readonly samples: readonly Sample[];
  /** That of the line, unless its type has no pass-through for timestamps; then that of its copy. */
  readonly contexts: readonly LineContext[];
}

export interface MessageOutcome {
  readonly kind: 'message';
  /** As delivered, apart from the tags of its origin. */
  readonly message: EventMessage | ServiceCheckMessage;
  readonly origin: Origin;
  /** The final tags. */
  readonly tags: readonly ByteString[];
}

export function walkPacket(
  packet: ByteString,
  settings: WalkSettings,
): { walks: Walk[]; unterminated: number } {
  const { lines, unterminated } = splitPacket(packet, settings.eolRequired);
  return { walks: lines.map((line) => walkLine(line, settings)), unterminated };
}

function walkLine(line: ByteString, settings: WalkSettings): Walk {
  const notes: ParseNote[] = [];
  const parsed = parseMessage(line, {
    ...settings.parse,
    observer: {
      unknownField: (text) => notes.push({ kind: 'unknown_field', text }),
      disabledField: (text) => notes.push({ kind: 'disabled_field', text }),
      badOriginField: (text) => notes.push({ kind: 'bad_origin_field', text }),
    },
  });
  const steps: EnrichStep[] = [];
  const outcome =
    parsed.kind === 'error'
      ? undefined
      : parsed.kind === 'metric'
        ? walkMetric(parsed, settings, steps)
        : walkMessage(parsed, settings, steps);
  return { line, parsed, notes, steps, outcome };
}

function walkMetric(message: MetricMessage, settings: WalkSettings, steps: EnrichStep[]): MetricOutcome {
  const { enrich, tagger, sender } = settings;
  const trace = (step: EnrichStep): void => void steps.push(step);
  const line = enrichLine(message, enrich, sender, trace);
  if (line === undefined) return { kind: 'metric', line, samples: [], contexts: [] };
  const context = contextOf(line, enrich, tagger, trace);
  // A copy has the origin of its line, which is in the steps already, but a tag filter of its own.
  const copy = copyContextOf(line, enrich, tagger, (step) => {
    if (context === undefined || step.kind === 'tags_removed') trace(step);
  });
  return {
    kind: 'metric',
    line,
    samples: samplesOf(message, line),
    contexts: [context, copy].filter((each) => each !== undefined),
  };
}

function walkMessage(
  message: EventMessage | ServiceCheckMessage,
  { enrich, tagger, sender }: WalkSettings,
  steps: EnrichStep[],
): MessageOutcome {
  const trace = (step: EnrichStep): void => void steps.push(step);
  const enriched = enrichMessage(message, enrich, sender, trace);
  const originTags = resolveOriginTags(enriched.origin, enrich.origin, tagger, trace);
  return { kind: 'message', ...enriched, tags: messageTags(enriched.message.tags, originTags) };
}
