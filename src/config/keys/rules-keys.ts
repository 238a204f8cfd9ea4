/** The key `rules`: what becomes of chosen metrics (docs/rules.md). */
import { GLOBAL_GAUGES, RULE_TARGETS, RULE_TYPES } from '../../model/metric-rule.ts';
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
} from '../sources/entries.ts';
import { HISTOGRAM_AGGREGATES } from './agent-keys.ts';

/** A day: what a listener thread and the control thread hold for longer is not a bucket but a store. */
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
  global: optional(trueOrFalse()),
  gauge: optional(oneOf(GLOBAL_GAUGES)),
  keep_local: optional(trueOrFalse()),
  scale: optional(numberFrom(1e-12, 1e12)),
  unit: optional(line()),
  buckets: optional(listOf(numberFrom(-1e300, 1e300))),
});

export const rulesKeys = {
  rules: entries(
    { item: rule, itemText: 'rules with match and what to do (docs/rules.md)' },
    {
      what: 'What to do with chosen metrics, by their final name: drop them, keep or drop tags, change their type, choose aggregates and percentiles, set bucket width and expiry, say how Prometheus sees them (unit, buckets), or aggregate them over a fleet. The first matching rule applies; see docs/rules.md.',
      trade: 'A metric gets fewer or different series without a change to its clients.',
      when: 'you pay for tags or metrics that nobody looks at, or clients send the wrong type.',
    },
  ),
};
