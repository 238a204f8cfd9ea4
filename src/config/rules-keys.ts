/** The key `rules`: what becomes of chosen metrics (docs/rules.md). */
import { RULE_TARGETS, RULE_TYPES } from '../model/metric-rule.ts';
import { HISTOGRAM_AGGREGATES } from './agent-keys.ts';
import {
  entries,
  entry,
  line,
  listOf,
  listOrNone,
  numberFrom,
  oneOf,
  optional,
  trueOrFalse,
} from './entries.ts';

/** A day: what an intake thread and the control thread hold for longer is not a bucket but a store. */
const BUCKET_SECONDS_MAX = 86_400;
const EXPIRY_SECONDS_MAX = 604_800;
/** The name of a percentile has all of its decimals. */
const QUANTILE_DECIMALS = 8;

const rule = entry({
  match: optional(line()),
  match_type: optional(line()),
  types: optional(listOf(oneOf(RULE_TYPES))),
  drop: optional(trueOrFalse()),
  keep_tags: optional(listOf(line())),
  drop_tags: optional(listOf(line())),
  as: optional(oneOf(RULE_TARGETS)),
  aggregates: optional(listOrNone(oneOf(HISTOGRAM_AGGREGATES), HISTOGRAM_AGGREGATES.join(', '))),
  percentiles: optional(
    listOrNone(
      numberFrom(0, 1, { decimals: QUANTILE_DECIMALS }),
      'numbers from 0 to 1 with at most 8 decimals, such as 0.999',
    ),
  ),
  bucket_seconds: optional(numberFrom(1, BUCKET_SECONDS_MAX, { isWhole: true })),
  expiry_seconds: optional(numberFrom(0, EXPIRY_SECONDS_MAX)),
});

export const rulesKeys = {
  rules: entries(
    { item: rule, itemText: 'rules with match and what to do (docs/rules.md)' },
    {
      what:
        'What becomes of chosen metrics, by their final name: drop them, keep or drop tags, make them another type, ' +
        'choose aggregates and percentiles, width of buckets and expiry. The first rule that matches wins; docs/rules.md describes them.',
      trade: 'Fewer or other series for a metric without a change of its clients.',
      who: 'Whoever pays for tags or metrics nobody looks at, or has clients that send the wrong type.',
    },
  ),
};
