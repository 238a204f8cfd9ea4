/**
 * What scripts made for the Datadog Agent read: `dogstatsd-stats` (docs/statistics.md) and the dump of contexts that
 * `dogstatsd top` counts.
 *
 *   {"1234567890123":{"name":"a.b","count":3,"last_seen":"2024-01-01T00:00:00Z","tags":"x:1 y:2"}}
 *   {"Name":"a.b","Host":"web-1","Type":"Counter","TaggerTags":[],"MetricTags":["x:1"],"NoIndex":false,"Source":1}
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { ContextType } from '../../model/context.ts';
import type { AgentStats } from '../../model/live/server-views.ts';
import { toText } from '../../model/text.ts';
import { hash53 } from '../../statistics/distinct-counter.ts';

const STEP_IDS = 500;
/** Rows of an answer; the busiest are answered. */
const ROWS_MAX = 100_000;
/** Contexts that one piece of a dump holds. */
const PIECE_CONTEXTS = 200;
const SOURCE_DOGSTATSD = 1;

const TYPE_NAMES: Readonly<Record<ContextType, string>> = {
  ...{ counter: 'Counter', gauge: 'Gauge', histogram: 'Histogram', distribution: 'Distribution', set: 'Set' },
};

/** Series as the Agent counts them: by name and tags, whatever their host and type. */
export function* statsOfAgent(registry: Registry): Steps<AgentStats> {
  const rows = new Map<string, { name: string; tags: string; count: number; lastSeen: number }>();
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id)) continue;
    const { name, tags } = registry.context(id);
    const key = `${name}\n${[...tags].sort().join('\n')}`;
    const known = rows.get(key);
    if (known === undefined && rows.size >= ROWS_MAX) continue;
    const row = known ?? { name: toText(name), tags: tags.map(toText).join(' '), count: 0, lastSeen: 0 };
    row.count += registry.samplesOf(id);
    row.lastSeen = Math.max(row.lastSeen, registry.usedAt(id));
    rows.set(key, row);
  }
  const answer: Record<string, { name: string; count: number; last_seen: string; tags: string }> = {};
  let place = 0;
  for (const [key, { name, tags, count, lastSeen }] of rows) {
    if (place++ % STEP_IDS === 0) yield;
    if (count > 0)
      answer[keyNumber(key)] = { name, count, last_seen: new Date(lastSeen * 1000).toISOString(), tags };
  }
  return answer;
}

/** One JSON object a line for each context, in pieces. */
export function* dumpContexts(registry: Registry): Generator<string> {
  let piece = '';
  for (let id = 0; id < registry.idEnd; id++) {
    if (registry.has(id)) {
      const { name, host, type, tags } = registry.context(id);
      piece += `${JSON.stringify({
        ...{ Name: toText(name), Host: toText(host), Type: TYPE_NAMES[type] },
        ...{ TaggerTags: [], MetricTags: tags.map(toText), NoIndex: false, Source: SOURCE_DOGSTATSD },
      })}\n`;
    }
    if (id % PIECE_CONTEXTS !== 0) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** 64 bits in decimals, as the Agent's keys are; stable for a name and its tags. */
function keyNumber(text: string): string {
  const high = BigInt(hash53(text, [0x2545f491, 0x4f6cdd1d]));
  const low = BigInt(hash53(text, [0x9e3779b9, 0x7f4a7c15]) % 2 ** 11);
  return ((high << 11n) | low).toString();
}
