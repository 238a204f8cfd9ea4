/**
 * `explain` and the server agree: for any line, any settings of enrichment and any limits, the contexts, messages and
 * rejections that explain shows are those that the shard's pipeline comes to.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileEnrichSettings, DEFAULT_ENRICH_OPTIONS } from '../src/enrich/settings.ts';
import { StaticTagger } from '../src/enrich/tags/static-tagger.ts';
import { type Walk, walkPacket } from '../src/inspect/explain/walk.ts';
import type { ContextLimits } from '../src/model/views/cardinality.ts';
import { CoreHarness, DEFAULT_CORE } from './support/core-harness.ts';
import { type Enrichment, enrichment, SENDERS } from './support/random/random-enrichment.ts';
import { stream } from './support/random/random-lines.ts';

const NO_LIMITS: ContextLimits = {
  contexts: 100_000,
  contextsPerMetric: 0,
  contextsPerOrigin: 0,
  tags: 0,
  tagValueBytes: 0,
  dryRun: false,
};

const limits = fc.record({
  tags: fc.constantFrom(0, 1, 2, 5),
  tagValueBytes: fc.constantFrom(0, 1, 3, 10),
  dryRun: fc.boolean(),
});

interface Setup extends Enrichment {
  readonly limits: Partial<ContextLimits>;
  readonly origin: number;
  readonly eolRequired: boolean;
}

/** What the pipeline makes of one packet that is the first it sees. */
function served(packet: string, { origin, ...setup }: Setup) {
  const harness = new CoreHarness({ ...setup, senders: SENDERS });
  harness.ingest(packet, 0, { origin });
  return {
    contexts: [...new Set(harness.contexts.values())].sort(),
    messages: [...harness.events, ...harness.checks].map(toJson).sort(),
    rejected: harness.rejections.map(({ messageType, error }) => `${messageType} ${error}`).sort(),
  };
}

/** What explain makes of it. */
function explained(packet: string, { enrich, workloads, limits: some, origin, eolRequired }: Setup) {
  const { walks } = walkPacket(packet, {
    parse: {
      noAggregationPipeline: DEFAULT_CORE.timestamps,
      originDetectionClient: DEFAULT_CORE.clientFields,
    },
    eolRequired,
    enrich: compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'agent-host', ...enrich }),
    tagger: new StaticTagger(workloads),
    limits: { ...NO_LIMITS, ...some },
    sender: SENDERS[origin - 1] ?? { socket: '', pid: 0 },
  });
  return {
    contexts: [...new Set(walks.flatMap(contextsOf))].sort(),
    messages: walks.flatMap(messageOf).sort(),
    rejected: walks
      .flatMap(({ parsed }) => (parsed.kind === 'error' ? [`${parsed.messageType} ${parsed.error}`] : []))
      .sort(),
  };
}

function contextsOf({ outcome }: Walk): string[] {
  if (outcome?.kind !== 'metric') return [];
  return outcome.contexts.map(({ type, name, host, tags }) =>
    [`${type} ${name}`, host, ...[...tags.list].sort()].join('\n'),
  );
}

function messageOf({ outcome }: Walk): string[] {
  return outcome?.kind === 'message' ? [toJson({ ...outcome.message, tags: outcome.tags })] : [];
}

function toJson(message: unknown): string {
  return JSON.stringify(message, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

it('explain shows what the pipeline does, for any line and configuration, limits included', () => {
  fc.assert(
    fc.property(
      stream,
      enrichment,
      limits,
      fc.integer({ min: 0, max: SENDERS.length }),
      fc.boolean(),
      fc.boolean(),
      (lines, { enrich, workloads }, some, origin, eolRequired, endsWithLf) => {
        const setup = { enrich, workloads, limits: some, origin, eolRequired };
        const packet = lines.join('\n') + (endsWithLf ? '\n' : '');
        expect(explained(packet, setup)).toEqual(served(packet, setup));
      },
    ),
    { numRuns: 150 },
  );
});

it('a line over a limit of its own is shown in its overflow series', () => {
  const setup = {
    enrich: { dogstatsd_tags: ['z:1'] },
    workloads: {},
    limits: { tags: 1 },
    origin: 0,
    eolRequired: false,
  };
  const want = ['counter a\nagent-host\nwhippet.overflow:true'];
  expect(served('a:1|c|#x:y', setup).contexts).toEqual(want);
  expect(explained('a:1|c|#x:y', setup).contexts).toEqual(want);
});
