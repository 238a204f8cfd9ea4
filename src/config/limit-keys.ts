/**
 * Keys of `limits` on cardinality: what a client may make of contexts before the rest goes to one series a metric
 * (docs/limits.md). All of them are read at start.
 */
import { CONTEXTS_HARD_MAX } from '../model/cardinality.ts';
import { integer, yesOrNo } from './key-types.ts';

export const limitKeys = {
  contexts: integer(
    { default: 1_000_000, min: 16, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what:
        'Contexts (metric, tags, host) that have series of their own at a time. Samples of further ones go to one series ' +
        'a metric with the tag `whippet.overflow:true`.',
      trade: 'The bound on memory when a client puts something unique, such as a request id, into a tag.',
      who: 'Whoever really has more contexts than this, or is short of memory.',
    },
  ),
  contexts_per_metric: integer(
    { default: 0, min: 0, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what: 'Contexts that one metric name may have at a time; the rest as with `limits.contexts`. `0` is no limit.',
      trade:
        'One metric that explodes leaves room for all others; a large metric that is meant to be large is cut.',
      who: 'Whoever receives from applications of several teams.',
    },
  ),
  contexts_per_origin: integer(
    { default: 0, min: 0, max: CONTEXTS_HARD_MAX, unit: 'contexts' },
    {
      what:
        'Contexts that one origin (container, pod or process, as origin detection tells) may be the first to send at a ' +
        'time; the rest as with `limits.contexts`. `0` is no limit. An unknown origin is not limited.',
      trade: 'One workload that explodes leaves room for all others; each intake thread counts by itself.',
      who: 'Whoever runs many workloads on a host and knows where packets come from.',
    },
  ),
  tags: integer(
    { default: 0, min: 0, max: 65_536, unit: 'tags' },
    {
      what: 'Tags a context may have, those of its origin included; one with more goes to the series for the rest. `0` is no limit.',
      trade: 'Lists that grow without end are kept out; so is a metric that means it.',
      who: 'Whoever sends to a service that counts or refuses tags (Datadog keeps 100).',
    },
  ),
  tag_value_bytes: integer(
    { default: 0, min: 0, max: 65_536, unit: 'bytes' },
    {
      what: 'Bytes the value of a tag may have; a context with a longer one goes to the series for the rest. `0` is no limit.',
      trade:
        'Keeps queries and stack traces out of tags; a long value is not cut, so nothing is mistaken for it.',
      who: 'Whoever sends to a service that cuts tags (Datadog at 200).',
    },
  ),
  dry_run: yesOrNo(
    { default: false },
    {
      what: 'Only reports what is over a limit, in the log, at `/api/cardinality` and on `/metrics`; every context has its series.',
      trade:
        'Shows what a limit would do before it does; memory is not bounded by `limits.contexts` meanwhile.',
      who: 'Whoever sets limits on a running system.',
    },
  ),
};
