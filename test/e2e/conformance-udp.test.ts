/**
 * The conformance vectors through running servers: the lines of each are sent over UDP, or a Unix socket where
 * the vector says so, and the file output and the counters must show what the vector expects.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { aggregatedIn, messagesOf, passedThrough } from '../support/observed.ts';
import { runWhippet } from '../support/processes/command.ts';
import { type LaneResult, planLanes, runLane, type WaveResult } from '../support/vector-lanes.ts';
import { loadVectors, VECTOR_FILES } from '../support/vectors.ts';

/** Servers that run at a time. */
const SERVERS_MAX = 6;
const DEADLINE_MS = 600_000;

const SOCKET_ORIGIN = 'needs a Unix socket that tells which process sends';
/** Vectors that no server can show yet. */
const UNOBSERVABLE: Readonly<Record<string, string>> = {
  'enrich/tags-uds-low': SOCKET_ORIGIN,
  'enrich/tags-uds-orchestrator-by-tag': SOCKET_ORIGIN,
  'enrich/tags-uds-high-by-config': SOCKET_ORIGIN,
  'enrich/tags-orch-short-form': SOCKET_ORIGIN,
  'enrich/tags-client-tag-duplicates-origin-tag': SOCKET_ORIGIN,
  'enrich/tags-legacy-uds-and-container-both-apply': SOCKET_ORIGIN,
  'enrich/tags-legacy-uds-and-entity-both-apply': SOCKET_ORIGIN,
  'enrich/tags-legacy-entity-none-keeps-uds': SOCKET_ORIGIN,
  'enrich/tags-unified-uds-wins-alone': SOCKET_ORIGIN,
  'enrich/tags-service-check-tags': SOCKET_ORIGIN,
};

const vectors = VECTOR_FILES.flatMap(loadVectors);
const refused = vectors.filter(({ file, expect }) => file === 'mapper' && expect.kind === 'error');
const sent = vectors.filter((vector) => !(vector.id in UNOBSERVABLE) && !refused.includes(vector));
const lanes = planLanes(sent);

it('leaves out no vector but those it names', () => {
  const probed = lanes.flatMap(({ waves }) => waves.flat().map(({ vector }) => vector.id));
  const all = [...probed, ...refused.map(({ id }) => id), ...Object.keys(UNOBSERVABLE)];
  expect(all.sort()).toEqual(vectors.map(({ id }) => id).sort());
});

describe('vectors through a running server', () => {
  const seen = new Map<string, { lane: LaneResult; wave: WaveResult }>();
  const results: LaneResult[] = [];

  beforeAll(async () => {
    // The longest first, so that no server is left over for the end.
    const waiting = [...lanes].sort((a, b) => a.waves.length - b.waves.length);
    const work = async (): Promise<void> => {
      for (let lane = waiting.pop(); lane !== undefined; lane = waiting.pop()) {
        const result = await runLane(lane);
        results.push(result);
        for (const wave of result.waves)
          for (const { vector } of wave.probes) seen.set(vector.id, { lane: result, wave });
      }
    };
    // When one gives up, the others end their lanes and their servers first.
    const ended = await Promise.allSettled(Array.from({ length: SERVERS_MAX }, work));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }, DEADLINE_MS);

  for (const probe of lanes.flatMap(({ waves }) => waves.flat())) {
    it(probe.vector.id, () => {
      const { lane, wave } = seen.get(probe.vector.id) as { lane: LaneResult; wave: WaveResult };
      const { cells, messages, counts } = probe.effect;
      for (const cell of cells) {
        const seenCells = cell.timestamp > 0 ? passedThrough(lane) : aggregatedIn(lane, wave);
        expect(seenCells).toContainEqual(cell);
      }
      for (const message of messages) expect(messagesOf(lane)).toContainEqual(message);
      for (const [counter, by] of Object.entries(counts)) expect(wave.counts.get(counter), counter).toBe(by);
    });
  }

  it('nothing else comes of them', () => {
    for (const lane of results) {
      const probes = lane.waves.flatMap((wave) => wave.probes);
      expect(sorted(messagesOf(lane))).toEqual(sorted(probes.flatMap(({ effect }) => effect.messages)));
      expect(sorted(passedThrough(lane))).toEqual(
        sorted(probes.flatMap(({ effect }) => effect.cells).filter(({ timestamp }) => timestamp > 0)),
      );
      for (const wave of lane.waves) {
        const effects = wave.probes.map(({ effect }) => effect);
        const aggregated = effects.flatMap(({ cells }) => cells).filter(({ timestamp }) => timestamp === 0);
        expect(sorted(aggregatedIn(lane, wave))).toEqual(sorted(aggregated));
        expect(Object.fromEntries(wave.counts)).toEqual(
          Object.assign({}, ...effects.map(({ counts }) => counts)),
        );
      }
    }
  });
});

describe.concurrent('vectors of refused configurations', () => {
  const REASON: Readonly<Record<string, RegExp>> = {
    profile_name_required: /profile 1 .*name/,
    profile_prefix_required: /profile \d .*prefix/,
    invalid_match_type: /profile \d ".*", rule 1.*match_type/,
    name_required: /profile \d ".*", rule 1.*name/,
    match_required: /profile \d ".*", rule 1.*match/,
    invalid_wildcard: /profile \d ".*", rule 1.*(letters|characters|wildcard)/,
    consecutive_wildcards: /profile \d ".*", rule 1.*two \*/,
    invalid_regex: /profile \d ".*", rule 1.*/,
    cache_size: /dogstatsd_mapper_cache_size/,
  };

  it.each(refused.map((vector) => [vector.id, vector] as const))('%s', async (_, vector) => {
    const profiles = JSON.stringify(vector.config.dogstatsd_mapper_profiles ?? []);
    const size = vector.config.dogstatsd_mapper_cache_size;
    const env = {
      DD_DOGSTATSD_MAPPER_PROFILES: profiles,
      ...(size !== undefined && { DD_DOGSTATSD_MAPPER_CACHE_SIZE: String(size) }),
    };
    const end = await runWhippet(['run', '--port', '0', '--http-port', '0'], { env });
    expect(end.code, end.stderr).toBe(2);
    expect(end.stderr).toMatch(REASON[String(vector.expect.error)] as RegExp);
  });
});

/** Each as JSON with its fields in one order, so that lists can be compared. */
function sorted(items: readonly object[]): string[] {
  return items.map((item) => JSON.stringify(Object.entries(item).sort())).sort();
}
