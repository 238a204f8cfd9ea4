/**
 * `explain`: what the server would make of a packet, without a server.
 *
 *   explain('page.views:1|c|#env:dev', { config: { statsd_metric_namespace: 'shop' } })
 *   ─▶ { unterminated: 0, messages: [{ parsed: { kind: 'metric', … }, enriched: { kind: 'samples', … } }] }
 *
 * Results are in the encoding of the conformance vectors (encode.ts). A configuration that the server would
 * refuse throws ConfigError; when a mapper rule is at fault its `reason` says what is wrong with it.
 */

import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import { dialectsOf } from '../../config/checks/dialects-of.ts';
import type { ConfigValues } from '../../config/config-values.ts';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { LineContext } from '../../enrich/line-context.ts';
import { StaticTagger, type Workloads } from '../../enrich/tags/static-tagger.ts';
import type { Tagger } from '../../enrich/tags/tagger.ts';
import { type ByteString, toByteString } from '../../model/text.ts';
import { checkConfig } from '../check-config.ts';
import {
  encodeContext,
  encodeMessage,
  encodeParsed,
  encodePlain,
  encodeResolvedTags,
  encodeSamples,
  type Json,
  type JsonObject,
} from '../encode.ts';
import type { SeriesNames } from '../series-names.ts';
import { type Outcome, type Walk, type WalkSettings, walkPacket } from './walk.ts';

/** How a packet arrived, in the words of `dogstatsd_eol_required`. */
export type PacketSource = 'udp' | 'uds' | 'named_pipe';

export interface PacketOptions {
  /** `udp` when not given. */
  readonly source?: PacketSource;
  /** What the socket told about the sender: `container_id://<id>`, or nothing. */
  readonly origin?: string;
  /** Process id of the sender; 0 when unknown. */
  readonly pid?: number;
}

export interface ExplainOptions extends PacketOptions {
  /**
   * Keys and values as in the configuration file. The host name is `agent-host` unless it is given, so that
   * the result does not depend on the machine.
   */
  readonly config?: ConfigValues;
  /** What is known about workloads. With it, `enriched` is the final tags, those of the origin included. */
  readonly tagger?: Tagger | Workloads;
}

export interface Explanation {
  /** 1 when a last line without its newline was dropped, as `dogstatsd_eol_required` asks; else 0. */
  readonly unterminated: number;
  /** One for each line that is not empty, in order. */
  readonly messages: readonly ExplainedMessage[];
}

export interface ExplainedMessage {
  /** Of kind `metric`, `event`, `service_check` or `error`. */
  readonly parsed: JsonObject;
  /** Of kind `samples`, `event`, `service_check` or `resolved_tags`; absent for an error. */
  readonly enriched?: JsonObject;
}

/** A message with the way there: what `whippet explain --json` prints. */
export interface DetailedMessage extends ExplainedMessage {
  readonly line: string;
  /** For an error: the byte of the line where the trouble is. */
  readonly at?: number;
  readonly notes: Json;
  readonly steps: Json;
  /** For a metric: the contexts its samples belong to, each with the series it comes to. */
  readonly contexts?: readonly JsonObject[];
}

const DEFAULT_HOSTNAME = 'agent-host';

/** Explains one packet; a string is encoded as UTF-8. Throws ConfigError. */
export function explain(packet: string | Uint8Array, options: ExplainOptions = {}): Explanation {
  const { config = {}, tagger } = options;
  const loaded = loadConfig({ values: { hostname: DEFAULT_HOSTNAME, ...config } });
  const settings = walkSettings(loaded, options, tagger && taggerOf(tagger));
  const { walks, unterminated } = walkPacket(bytesOf(packet), settings);
  const messages = walks.map((walk) => explainWalk(walk, tagger !== undefined));
  return { unterminated, messages };
}

/** What lines are walked with under a loaded configuration. Throws ConfigError. */
export function walkSettings(loaded: LoadedConfig, packet: PacketOptions, tagger?: Tagger): WalkSettings {
  const { config, workloads } = loaded;
  return {
    parse: {
      noAggregationPipeline: config.dogstatsd_no_aggregation_pipeline,
      originDetectionClient: config.dogstatsd_origin_detection_client,
      dialects: dialectsOf(config, (packet.source ?? 'udp') === 'udp' ? 'udp' : 'unixgram'),
    },
    eolRequired: config.dogstatsd_eol_required.includes(packet.source ?? 'udp'),
    enrich: checkConfig(loaded),
    limits: contextLimitsOf(config),
    tagger: tagger ?? new StaticTagger(workloads),
    sender: { socket: toByteString(packet.origin ?? ''), pid: packet.pid ?? 0 },
  };
}

/** Adds to the result the way there. */
export function explainInDetail(walk: Walk, names: SeriesNames): DetailedMessage {
  const { line, parsed, notes, steps, outcome } = walk;
  return {
    line: encodePlain(line) as string,
    ...explainWalk(walk, false),
    ...(parsed.kind === 'error' && { at: parsed.at }),
    notes: encodePlain(notes),
    steps: encodePlain(steps),
    ...(outcome?.kind === 'metric' && {
      contexts: outcome.contexts.map((context) => ({
        ...encodeContext(context),
        series: encodePlain(names.of(context)),
        ...timingOf(context, names),
        // The copy of a histogram with a timestamp is aggregated, and so are its rates.
        weight: encodePlain(names.weightOf(context, outcome.line?.sampleRate ?? 1)),
      })),
    }),
  };
}

function timingOf(context: LineContext, names: SeriesNames): JsonObject {
  const timing = names.timingOf(context);
  return timing === undefined ? {} : { timing: encodePlain(timing) };
}

export function bytesOf(packet: string | Uint8Array): ByteString {
  if (typeof packet === 'string') return toByteString(packet);
  return Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength).toString('latin1');
}

function explainWalk({ parsed, outcome }: Walk, resolved: boolean): ExplainedMessage {
  if (outcome === undefined) return { parsed: encodeParsed(parsed) };
  return { parsed: encodeParsed(parsed), enriched: encodeOutcome(outcome, resolved) };
}

function encodeOutcome(outcome: Outcome, resolved: boolean): JsonObject {
  if (outcome.kind === 'message') return resolved ? encodeResolvedTags(outcome.tags) : encodeMessage(outcome);
  // Samples that reach no context have no final tags; they are shown as what they are.
  const [context] = outcome.contexts;
  if (resolved && context !== undefined) return encodeResolvedTags(context.tags.list);
  return encodeSamples(outcome.samples, outcome.line === undefined);
}

function taggerOf(tagger: Tagger | Workloads): Tagger {
  return 'entityTags' in tagger ? tagger : new StaticTagger(tagger);
}
