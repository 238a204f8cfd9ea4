/**
 * Keys of `limits` on cardinality: what a client may make of contexts before the rest goes to one series a metric
 * (docs/limits.md). All of them are read at start.
 */
import { CONTEXTS_HARD_MAX } from '../../model/views/cardinality.ts';
import { integer, yesOrNo } from './key-types.ts';

export const limitKeys = {
  contexts: integer(
    { default: 1_000_000, min: 16, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what: 'Number of contexts (metric, tags, host) that can have their own series at once. Samples of further contexts go to one series per metric with the tag `whippet.overflow:true`.',
      trade: 'It limits memory when a client puts something unique, such as a request id, into a tag.',
      when: 'you really have more contexts than this, or memory is short.',
    },
  ),
  contexts_per_metric: integer(
    { default: 0, min: 0, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what: 'Number of contexts that one metric name may have at once; further ones are treated as for `limits.contexts`. `0` means no limit.',
      trade:
        'A metric that explodes leaves room for all others, but a metric that is meant to be large is cut as well.',
      when: 'you receive from applications of several teams.',
    },
  ),
  contexts_per_origin: integer(
    { default: 0, min: 0, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what: 'Number of contexts that one origin (a container, pod or process, by origin detection) may create at once; further ones are treated as for `limits.contexts`. `0` means no limit. An unknown origin is not limited.',
      trade: 'A workload that explodes leaves room for all others. Each listener thread counts separately.',
      when: 'you run many workloads on one host and origin detection is on.',
    },
  ),
  tags: integer(
    { default: 0, min: 0, max: 65_536, unit: 'tags' },
    {
      what: 'Number of tags a context may have, including those of its origin. A context with more goes to the overflow series. `0` means no limit.',
      trade: 'It keeps out tag lists that grow without end, and also metrics that need many tags.',
      when: 'you deliver to a service that counts or refuses tags (Datadog keeps 100).',
    },
  ),
  tag_value_bytes: integer(
    { default: 0, min: 0, max: 65_536, unit: 'bytes' },
    {
      what: 'Number of bytes the value of a tag may have. A context with a longer value goes to the overflow series. `0` means no limit.',
      trade:
        'It keeps queries and stack traces out of tags. A long value is never cut, so it cannot be mistaken for another.',
      when: 'you deliver to a service that cuts tags (Datadog cuts at 200).',
    },
  ),
  dry_run: yesOrNo(
    { default: false },
    {
      what: 'Only reports what exceeds a limit: in the log, at `/api/cardinality` and on `/metrics`. Every context keeps its own series.',
      trade:
        'It shows what a limit would do before you enforce it. Meanwhile `limits.contexts` does not bound memory.',
      when: 'you introduce limits on a running system.',
    },
  ),
};
