/**
 * Mapper: turns parts of a metric name into tags (docs/mapper.md).
 *
 *   airflow.job.etl.load  ──▶  airflow.job   job_type:etl  job_name:load
 *
 * The first profile whose prefix fits the name decides alone: the first of its rules that matches gives
 * the result, and if none does the name stays as it is.
 *
 * Memory  an LRU cache of results and misses by name, `dogstatsd_mapper_cache_size` entries, per mapper.
 *         Because one profile decides, one entry per name is enough. Each listener thread has its own mapper.
 * Bytes   names are matched as UTF-8 bytes, as RE2 does, so groups come out as the exact bytes received
 *         and a byte that is not UTF-8 counts as one character.
 */
import type { ByteString } from '../../model/text.ts';
import { LruCache } from '../lru-cache.ts';
import { expandTemplate } from './group-references.ts';
import {
  type CompiledProfile,
  type CompiledRule,
  compileProfiles,
  type MapperProblem,
  type MapperProfileOptions,
} from './mapper-rules.ts';

export interface Mapping {
  /** The new name; it may be empty. */
  readonly name: ByteString;
  /** `key:value`, to be appended to the tags of the message. */
  readonly tags: readonly ByteString[];
  /** The rule that matched, for explanations. */
  readonly rule: CompiledRule;
}

const UNMAPPED = 'unmapped';

/**
 * Builds a mapper from the configuration. Both are undefined when there are no profiles or, as in the
 * Agent, no room for results; with a problem there is no mapper, and names stay as they are.
 */
export function compileMapper(
  profiles: readonly MapperProfileOptions[],
  cacheSize: number,
): { mapper?: Mapper; problem?: MapperProblem } {
  if (profiles.length === 0) return {};
  const compiled = compileProfiles(profiles);
  if (!Array.isArray(compiled)) return { problem: compiled };
  if (cacheSize === 0) return {};
  return { mapper: new Mapper(compiled, cacheSize) };
}

export class Mapper {
  private readonly profiles: readonly CompiledProfile[];
  private readonly cache: LruCache<ByteString, Mapping | typeof UNMAPPED>;

  constructor(profiles: readonly CompiledProfile[], cacheSize: number) {
    this.profiles = profiles;
    this.cache = new LruCache(cacheSize);
  }

  /** Entries the cache had to push out; many of them mean it is too small. */
  get cacheEvictions(): number {
    return this.cache.evictions;
  }

  /** Returns what the name maps to; undefined when it stays as it is. */
  map(name: ByteString): Mapping | undefined {
    const profile = this.profileOf(name);
    if (profile === undefined) return undefined;
    let result = this.cache.get(name);
    if (result === undefined) {
      const bytes = Buffer.from(name, 'latin1');
      // A name cut from a line keeps the whole line in memory; the cache keeps a copy of its own instead.
      const key = bytes.toString('latin1');
      result = applyRules(profile.rules.candidates(key), key, bytes) ?? UNMAPPED;
      this.cache.set(key, result);
    }
    return result === UNMAPPED ? undefined : result;
  }

  /** Returns the profile that decides about `name`; undefined when no prefix fits. */
  profileOf(name: ByteString): CompiledProfile | undefined {
    return this.profiles.find((candidate) => name.startsWith(candidate.prefix));
  }
}

/** Returns the texts of the rule's groups in `name`, the whole match first; for explanations. */
export function captureGroups(rule: CompiledRule, name: ByteString): ByteString[] {
  const groupText = matchRule(rule, name, Buffer.from(name, 'latin1'));
  if (groupText === undefined) return [];
  return Array.from({ length: rule.groupCount + 1 }, (_, group) => groupText(group));
}

function applyRules(rules: readonly CompiledRule[], name: ByteString, bytes: Buffer): Mapping | undefined {
  for (const rule of rules) {
    const groupText = matchRule(rule, name, bytes);
    if (groupText === undefined) continue;
    return {
      name: expandTemplate(rule.name, groupText),
      tags: rule.tags.map(({ key, value }) => `${key}:${expandTemplate(value, groupText)}`),
      rule,
    };
  }
  return undefined;
}

/** Returns what gives the text of each group, empty for one that took no part; undefined without a match. */
function matchRule(
  rule: CompiledRule,
  name: ByteString,
  bytes: Buffer,
): ((group: number) => ByteString) | undefined {
  if (!name.startsWith(rule.literalPrefix)) return undefined;
  if (!rule.requiredTexts.every((text) => name.includes(text))) return undefined;
  const matcher = rule.pattern().matcher(bytes);
  if (!matcher.find()) return undefined;
  return (group) => {
    const start = matcher.start(group);
    return start < 0 ? '' : name.slice(start, matcher.end(group));
  };
}
