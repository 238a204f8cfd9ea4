/**
 * Overflow log: which metrics are over which limit on cardinality, since when and with how many samples.
 *
 *   merge ──id, limit, samples──▶ counts ──settle, once a flush──▶ episodes of (limit, metric): begun, going on, ended
 *   shards, registry ──tags of some contexts──▶ tag growth of the episode
 *
 * An episode ends when QUIET_FLUSHES flushes have brought nothing over the limit. Time is an argument.
 *
 * Limits  EPISODES_MAX episodes; the oldest that has ended makes room. Without one further metrics are counted in the
 *         totals only. Metrics with most samples over come first.
 */

import { type ByteString, detachText } from '../model/text.ts';
import { CARDINALITY_LIMITS, OVER, OVERFLOW_NAME } from '../model/views/cardinality.ts';
import { TagGrowth } from './contexts/tag-growth.ts';

const EPISODES_MAX = 100;
const QUIET_FLUSHES = 2;
/** Room for the number of a limit beside the id of a context. */
const LIMITS = 8;

export interface Episode {
  readonly limit: number;
  readonly name: ByteString;
  /** Unix seconds. */
  readonly since: number;
  until: number | undefined;
  samples: number;
  readonly growth: TagGrowth;
}

export interface Changes {
  readonly begun: readonly Episode[];
  readonly ended: readonly Episode[];
}

export class OverflowLog {
  /** Samples that went to the series for all names. */
  unnamedSamples = 0;
  private readonly valueBytes: number;
  private readonly samplesByLimit = new Float64Array(LIMITS);
  /** Samples since the last settle(), by id and limit. */
  private counts = new Map<number, number>();
  private readonly byMetric = new Map<string, Episode>();
  private readonly quiet = new Map<Episode, number>();

  /** `valueBytes` is `limits.tag_value_bytes`: only longer values are of interest for what is over it. */
  constructor(valueBytes: number) {
    this.valueBytes = valueBytes;
  }

  /** Counts samples over `limit` in context `id`. */
  count(id: number, limit: number, samples: number): void {
    const key = id * LIMITS + limit;
    this.counts.set(key, (this.counts.get(key) ?? 0) + samples);
    this.samplesByLimit[limit] = (this.samplesByLimit[limit] as number) + samples;
  }

  /** Samples over each limit, by its name. */
  totals(): [limit: string, samples: number][] {
    return CARDINALITY_LIMITS.map((limit, i) => [limit, this.samplesByLimit[i + 1] as number]);
  }

  /** The tags of one context that is over a limit. */
  sample(limit: number, name: ByteString, tags: readonly ByteString[], now: number): void {
    this.episode(limit, name, now)?.growth.add(tags, limit === OVER.tagValue ? this.valueBytes : -1);
  }

  /** Turns counts into episodes, while the ids still mean their contexts. */
  settle(now: number, nameOf: (id: number) => ByteString): Changes {
    const counts = new Map<string, { limit: number; name: ByteString; samples: number }>();
    for (const [key, samples] of this.counts) {
      const [limit, name] = [key % LIMITS, nameOf(Math.floor(key / LIMITS))];
      const known = counts.get(`${limit} ${name}`);
      if (known === undefined) counts.set(`${limit} ${name}`, { limit, name, samples });
      else known.samples += samples;
      if (name === OVERFLOW_NAME) this.unnamedSamples += samples;
    }
    this.counts = new Map();
    const begun: Episode[] = [];
    for (const { limit, name, samples } of [...counts.values()].sort((a, b) => b.samples - a.samples)) {
      const episode = this.episode(limit, name, now);
      if (episode === undefined) continue;
      if (episode.samples === 0) begun.push(episode);
      episode.samples += samples;
      this.quiet.set(episode, -1);
    }
    return { begun, ended: this.endQuiet(now) };
  }

  /** Every episode that is remembered: those that go on first, and of these those with most samples. */
  episodes(): Episode[] {
    const met = [...this.byMetric.values()].filter(({ samples }) => samples > 0);
    const ended = ({ until }: Episode): number => (until === undefined ? 0 : 1);
    return met.sort((a, b) => ended(a) - ended(b) || b.samples - a.samples);
  }

  private endQuiet(now: number): Episode[] {
    const ended: Episode[] = [];
    for (const [episode, quiet] of this.quiet) {
      this.quiet.set(episode, quiet + 1);
      if (quiet + 1 < QUIET_FLUSHES) continue;
      this.quiet.delete(episode);
      episode.until = now;
      if (episode.samples > 0) ended.push(episode);
      else this.byMetric.delete(`${episode.limit} ${episode.name}`);
    }
    return ended;
  }

  /** The episode that goes on, or a new one; undefined when there is no room for it. */
  private episode(limit: number, name: ByteString, now: number): Episode | undefined {
    const key = `${limit} ${name}`;
    const known = this.byMetric.get(key);
    if (known !== undefined && known.until === undefined) return known;
    if (known === undefined && this.byMetric.size >= EPISODES_MAX && !this.forgetOldest()) return undefined;
    const episode: Episode = {
      limit,
      name: detachText(name),
      since: now,
      until: undefined,
      samples: 0,
      growth: new TagGrowth(),
    };
    this.byMetric.delete(key);
    this.byMetric.set(key, episode);
    this.quiet.set(episode, 0);
    return episode;
  }

  /** Forgets the episode that ended first; false when all go on. */
  private forgetOldest(): boolean {
    for (const [key, { until }] of this.byMetric) {
      if (until === undefined) continue;
      this.byMetric.delete(key);
      return true;
    }
    return false;
  }
}
