/** The key `rules`: what becomes of chosen metrics (docs/rules.md). */
import { RULE_TARGETS, RULE_TYPES } from '../model/metric-rule.ts';
import { entries, entry, line, listOf, oneOf, optional, trueOrFalse } from './entries.ts';

const rule = entry({
  match: optional(line()),
  match_type: optional(line()),
  types: optional(listOf(oneOf(RULE_TYPES))),
  drop: optional(trueOrFalse()),
  keep_tags: optional(listOf(line())),
  drop_tags: optional(listOf(line())),
  as: optional(oneOf(RULE_TARGETS)),
});

export const rulesKeys = {
  rules: entries(
    { item: rule, itemText: 'rules with match and what to do (docs/rules.md)' },
    {
      what:
        'What becomes of chosen metrics, by their final name: drop them, keep or drop tags, make them another type. ' +
        'The first rule that matches wins; docs/rules.md describes them.',
      trade: 'Fewer or other series for a metric without a change of its clients.',
      who: 'Whoever pays for tags or metrics nobody looks at, or has clients that send the wrong type.',
    },
  ),
};
