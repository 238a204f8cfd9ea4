/**
 * What enrichment did to one message, step by step, for `explain`. The functions of this folder report each
 * step to a `Trace` when they are given one; on a listener thread they are not, and nothing is built.
 *
 * A step says what changed and why. What did not change makes no step, apart from a mapper profile and a
 * namespace that could have applied and did not.
 */

import type { ContextType, Scope } from '../model/context.ts';
import type { RuleName } from '../model/metric-rule.ts';
import type { ByteString } from '../model/text.ts';
import type { CardinalityLimit } from '../model/views/cardinality.ts';
import type { Cardinality } from './tags/cardinality.ts';

export type Trace = (step: EnrichStep) => void;

export type EnrichStep =
  /** A mapper rule matched. `captures[n]` is the text of group n, group 0 the whole match. */
  | {
      readonly kind: 'mapped';
      readonly profile: string;
      /** Counts from 1, as in error messages. */
      readonly rule: number;
      readonly match: string;
      readonly captures: readonly ByteString[];
      readonly name: ByteString;
      readonly tags: readonly ByteString[];
    }
  /** A mapper profile took the name and none of its rules matched. */
  | { readonly kind: 'unmapped'; readonly profile: string }
  /** A tag was an instruction and is gone. */
  | { readonly kind: 'special_tag'; readonly tag: ByteString; readonly sets: SpecialTagMeaning }
  | { readonly kind: 'namespace'; readonly prefix: ByteString; readonly name: ByteString }
  /** The name starts with an entry of `statsd_metric_namespace_blacklist`. */
  | { readonly kind: 'namespace_exempt'; readonly entry: ByteString }
  /** The name filter dropped the line because of this entry. */
  | {
      readonly kind: 'filtered';
      readonly name: ByteString;
      readonly entry: ByteString;
      /** Where it is not one of the list of names. */
      readonly by?: 'metric_filterlist_prefix';
    }
  /** A rule of `rules` is the one for the metric called `name`, the line's own or its copy. */
  | ({ readonly kind: 'rule'; readonly name: ByteString } & RuleName & RuleEffect)
  /** Which host was chosen, and what chose it. */
  | { readonly kind: 'host'; readonly host: ByteString; readonly from: HostChoice }
  /** The metric called `name` is aggregated over the fleet: alone, or here as well. */
  | { readonly kind: 'scope'; readonly name: ByteString; readonly scope: Scope; readonly by: ScopeChoice }
  | { readonly kind: 'extra_tags'; readonly tags: readonly ByteString[] }
  /** The tags of this host (tags/host-tags.ts). */
  | { readonly kind: 'host_tags'; readonly tags: readonly ByteString[] }
  /** Each sample is followed by a distribution of this name. */
  | { readonly kind: 'copied'; readonly name: ByteString }
  /** The message wants no tags of its origin. */
  | { readonly kind: 'no_origin' }
  /** A workload was looked up; `tags` is undefined when the tagger does not know it. */
  | {
      readonly kind: 'origin';
      readonly source: OriginSource;
      readonly entity: ByteString;
      readonly level: Cardinality;
      readonly tags: readonly ByteString[] | undefined;
    }
  /** The context is over a limit on one context, and goes to an overflow series unless limits are a dry run. */
  | {
      readonly kind: 'over_limit';
      readonly name: ByteString;
      readonly limit: CardinalityLimit;
      readonly dryRun: boolean;
    }
  /** `metric_tag_value_allowlist` took these tags, and put replacements in their place. */
  | {
      readonly kind: 'tag_values';
      readonly name: ByteString;
      readonly tags: readonly ByteString[];
      readonly replacements: readonly ByteString[];
    }
  /** `metric_tag_filterlist`, or the rule, took these tags from the metric called `name`. */
  | {
      readonly kind: 'tags_removed';
      readonly name: ByteString;
      readonly tags: readonly ByteString[];
      readonly by?: RuleName;
    };

/** What a rule does to a line before its tags are complete. */
export interface RuleEffect {
  readonly drop: boolean;
  /** The type it gives the metric; absent when that stays as it is. */
  readonly as?: ContextType;
  /** The type it would give a metric that cannot have it: a set, a sample with a timestamp, a copy. */
  readonly refused?: ContextType;
}

export type SpecialTagMeaning = 'host' | 'entity_id' | 'cardinality' | 'jmx_check' | 'scope';
/** What chose where a metric is aggregated. */
export type ScopeChoice = 'tag' | 'rule';
export type HostChoice = 'field' | 'tag' | 'server' | 'serverless' | 'global';
export type OriginSource = 'socket' | 'container' | 'external' | 'entity_id' | 'external_pod' | 'global';
