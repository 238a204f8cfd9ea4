/**
 * Tags that are instructions rather than tags (docs/protocol.md#from-message-to-sample).
 *
 *   #env:prod,host:web-1,dd.internal.card:high        ─▶  tags env:prod
 *             ^^^^^^^^^^ ^^^^^^^^^^^^^^^^^^^^^             host web-1, cardinality high
 *
 * One pass over the client's and the mapper's tags takes them out. Prefixes are exact: `hostname:x` and
 * `Host:x` are ordinary tags.
 */
import type { Scope } from '../../model/context.ts';
import { Tags } from '../../model/tags.ts';
import type { ByteString } from '../../model/text.ts';
import type { SpecialTagMeaning, Trace } from '../trace.ts';

export interface SpecialTags {
  /** The ordinary tags, in order. */
  tags: Tags;
  /** Undefined without a host tag; an empty host tag says that the sample has no host. */
  host: ByteString | undefined;
  podUid: ByteString;
  cardinality: ByteString;
  /** Name of the JMX check the metric comes from, undefined when it does not come from one. */
  jmxCheck: ByteString | undefined;
}

const HOST = 'host:';
const INTERNAL = 'dd.internal.';
const ENTITY_ID = `${INTERNAL}entity_id:`;
const CARDINALITY = `${INTERNAL}card:`;
const JMX_CHECK = `${INTERNAL}jmx_check_name:`;
const SPECIAL: readonly ByteString[] = [HOST, INTERNAL];

/** Tags that say where a metric is aggregated, on a server that takes part in global aggregation; the names are Veneur's. */
const SCOPE_TAGS: ReadonlyMap<ByteString, Scope> = new Map([
  ['whippet.global', 'global'],
  ['veneurglobalonly', 'global'],
  ['whippet.local', 'local'],
  ['veneurlocalonly', 'local'],
]);

/**
 * Takes the tags that say where a metric is aggregated out of `tags`; the scope is undefined when there are none. A line
 * that says both is local, whatever their order.
 */
export function takeScope(
  tags: Tags,
  trace?: Trace,
): { readonly tags: Tags; readonly scope: Scope | undefined } {
  const scopes = tags.list.flatMap((tag) => SCOPE_TAGS.get(tag) ?? []);
  if (scopes.length === 0) return { tags, scope: undefined };
  const left = tags.list.filter((tag) => {
    if (!SCOPE_TAGS.has(tag)) return true;
    trace?.({ kind: 'special_tag', tag, sets: 'scope' });
    return false;
  });
  return { tags: Tags.of(left), scope: scopes.includes('local') ? 'local' : 'global' };
}

/** Separates special tags from ordinary ones. `cardinality` is that of the `card:` field, if any. */
export function takeSpecialTags(tags: Tags, cardinality: ByteString, trace?: Trace): SpecialTags {
  const taken: SpecialTags = { tags, host: undefined, podUid: '', cardinality, jmxCheck: undefined };
  // Most lines have none of these tags and keep theirs as they are written.
  if (!haveSpecialTag(tags)) return taken;
  const left = tags.list.filter((tag) => {
    const sets = take(taken, tag);
    if (sets !== undefined) trace?.({ kind: 'special_tag', tag, sets });
    return sets === undefined;
  });
  taken.tags = Tags.of(left);
  return taken;
}

/** Whether one of the tags looks like an instruction; such tags depend on their order. */
export function haveSpecialTag(tags: Tags): boolean {
  return tags.anyBeginsWith(SPECIAL);
}

/** The same of one tag. */
export function isSpecialTag(tag: ByteString): boolean {
  return SPECIAL.some((beginning) => tag.startsWith(beginning));
}

/** Stores what `tag` says and returns what it set; undefined for an ordinary tag. */
function take(taken: SpecialTags, tag: ByteString): SpecialTagMeaning | undefined {
  if (tag.startsWith(HOST)) {
    taken.host = tag.slice(HOST.length);
    return 'host';
  }
  if (tag.startsWith(ENTITY_ID)) {
    taken.podUid = tag.slice(ENTITY_ID.length);
    return 'entity_id';
  }
  // Once there is a level, from the field or an earlier tag, this is a tag like any other.
  if (tag.startsWith(CARDINALITY) && taken.cardinality === '') {
    taken.cardinality = tag.slice(CARDINALITY.length);
    return 'cardinality';
  }
  if (tag.startsWith(JMX_CHECK)) {
    taken.jmxCheck = tag.slice(JMX_CHECK.length);
    return 'jmx_check';
  }
  return undefined;
}
