/**
 * Takes a packet down the cold path the way a listener thread does, and writes down what happens.
 *
 *   packet ─▶ lines ─▶ parse ─▶ enrich ─▶ samples and contexts, or a finished event or check
 *                        └ notes   └ steps
 *
 * What a message means is decided by the functions that the resolver executes (enrich/decide.ts); this file only passes
 * them something that listens. It is one of the places that join parts. Reads no clock and no socket.
 */

import { type DecideSettings, decideMessage, decideMetric, reachedContext } from '../../enrich/decide.ts';
import { type PacketOrigin, samplesOf } from '../../enrich/enrich.ts';
import type { LineContext } from '../../enrich/line-context.ts';
import type { EnrichStep, Trace } from '../../enrich/trace.ts';
import type { EventMessage, ParsedMetric, ParseResult, ServiceCheckMessage } from '../../model/message.ts';
import type { EnrichedLine, Origin, Sample } from '../../model/sample.ts';
import type { ByteString } from '../../model/text.ts';
import { parseMessage } from '../../protocol/message.ts';
import type { ParseOptions } from '../../protocol/options.ts';
import { splitPacket } from '../../protocol/packet.ts';
import { describeSuspicion } from '../../protocol/suspicion.ts';

/** What everything is decided with; the same for all packets of one origin. */
export interface WalkSettings extends DecideSettings {
  readonly parse: Omit<ParseOptions, 'observer'>;
  readonly eolRequired: boolean;
  readonly sender: PacketOrigin;
}

/** An oddity that did not reject the line. */
export interface ParseNote {
  readonly kind: 'unknown_field' | 'disabled_field' | 'bad_origin_field' | 'suspicion' | 'dialect';
  /** The field's first byte, how it starts, the part of it that is malformed, or what is most likely wrong, in words. */
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
      nameTags: (dialect) =>
        notes.push({ kind: 'dialect', text: `the name has tags in the dialect ${dialect}` }),
      relativeGauge: () =>
        notes.push({
          kind: 'dialect',
          text: 'a sign means a change to the value (dialects.relative_gauges)',
        }),
      suspicion: (what) => notes.push({ kind: 'suspicion', text: describeSuspicion(line, what) }),
    },
  });
  const steps: EnrichStep[] = [];
  const outcome = outcomeOf(parsed, settings, (step) => void steps.push(step));
  return { line, parsed, notes, steps, outcome };
}

function outcomeOf(parsed: ParseResult, settings: WalkSettings, trace: Trace): Outcome | undefined {
  switch (parsed.kind) {
    case 'error':
      return undefined;
    case 'metric':
      return walkMetric(parsed, settings, trace);
    default:
      return walkMessage(parsed, settings, trace);
  }
}

function walkMetric(message: ParsedMetric, settings: WalkSettings, trace: Trace): MetricOutcome {
  const { line, context, copy } = decideMetric(message, settings.sender, settings, trace);
  if (line === undefined) return { kind: 'metric', line, samples: [], contexts: [] };
  const contexts = [context, copy].flatMap((one) =>
    one === undefined ? [] : [reachedContext(one, settings)],
  );
  return { kind: 'metric', line, samples: samplesOf(message, line), contexts };
}

function walkMessage(
  message: EventMessage | ServiceCheckMessage,
  settings: WalkSettings,
  trace: Trace,
): MessageOutcome {
  return { kind: 'message', ...decideMessage(message, settings.sender, settings, trace) };
}
