/** Keys that outputs of text lines share (src/outputs/lines): how counters are sent, and whether with the host. */
import { choice, yesOrNo } from '../key-types.ts';

export const lineKeys = {
  counters: choice(
    { default: 'count', words: ['count', 'rate'] },
    {
      what: 'How counters are sent: what was counted in the bucket, or that per second.',
      trade: 'Counts add up over time and servers; rates do not depend on the width of a bucket.',
      when: 'your dashboards expect values per second (`rate`).',
    },
  ),
  host_tag: yesOrNo(
    { default: true },
    {
      what: 'Adds the host as the tag `host`, unless there is one.',
      trade: 'Without it, several servers that send the same series overwrite each other.',
      when: 'only one server sends, and you want shorter series (`false`).',
    },
  ),
};
