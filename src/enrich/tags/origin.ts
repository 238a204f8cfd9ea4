/**
 * Resolves where a message came from to the tags of that workload (docs/behaviour/origin.md#cardinality).
 *
 *   default mode    socket origin  +  pod of the entity id, or else container of c:  +  global
 *   unified mode    the first of these that is known, and nothing else:
 *                   socket ─ c: ─ container of e: ─ entity id ─ pod of e: ─ global
 *
 * A workload that is not known is silent: the tags are then simply not there.
 */
import type { Origin } from '../../model/sample.ts';
import type { ByteString } from '../../model/text.ts';
import type { OriginSource, Trace } from '../trace.ts';
import { type Cardinality, parseCardinality } from './cardinality.ts';
import type { Tagger } from './tagger.ts';

export interface OriginSettings {
  /** Option `origin_detection_unified`. */
  readonly unified: boolean;
  /** Option `dogstatsd_entity_id_precedence`; default mode only. */
  readonly entityIdPrecedence: boolean;
  /** Option `dogstatsd_origin_optout_enabled`: in default mode, level `none` asks the tagger nothing at all. */
  readonly optOut: boolean;
  /** Option `dogstatsd_tag_cardinality`: the level of messages that name none. */
  readonly cardinality: Cardinality;
}

type TagList = readonly ByteString[];

/** Whom to ask, for tags of which level. */
interface Asking {
  readonly tagger: Tagger;
  readonly level: Cardinality;
  readonly trace: Trace | undefined;
}

const CONTAINER = 'container_id://';
const POD = 'kubernetes_pod_uid://';
const NO_TAGS: TagList = [];
/** As entity id, in default mode: no client origin at all. */
const NO_ENTITY = 'none';

/** Returns the tags to add to a message, in no particular order and with duplicates. */
export function resolveOriginTags(
  origin: Origin,
  settings: OriginSettings,
  tagger: Tagger,
  trace?: Trace,
): TagList {
  const level = messageCardinality(origin, settings);
  if (level === 'none' && (settings.unified || settings.optOut)) {
    trace?.({ kind: 'no_origin' });
    return NO_TAGS;
  }
  const asking: Asking = { tagger, level, trace };
  return settings.unified ? resolveFirst(origin, asking) : resolveAll(origin, settings, asking);
}

/** Asks the tagger for an entity's tags. */
function lookUp(
  { tagger, level, trace }: Asking,
  source: OriginSource,
  entity: ByteString,
): TagList | undefined {
  const tags =
    source === 'global' ? tagger.globalTags(level) : tagger.entityTags(entity, level, source === 'socket');
  trace?.({ kind: 'origin', source, entity, level, tags });
  return tags;
}

/** An unknown level in a message counts as not given, and not as `low`, so that a typing error changes nothing. */
function messageCardinality(origin: Origin, settings: OriginSettings): Cardinality {
  if (origin.cardinality === '') return settings.cardinality;
  return parseCardinality(origin.cardinality) ?? settings.cardinality;
}

function resolveAll(origin: Origin, settings: OriginSettings, asking: Asking): TagList {
  let tags = NO_TAGS;
  const socket = socketEntity(origin);
  if (socket !== undefined && (origin.podUid === '' || !settings.entityIdPrecedence))
    tags = both(tags, lookUp(asking, 'socket', socket));
  // The one client origin of this mode: an entity id of any kind hides the container of `c:`.
  if (origin.podUid === '') {
    const container = containerEntity(origin, asking.tagger);
    if (container !== undefined) tags = both(tags, lookUp(asking, 'container', container));
  } else if (origin.podUid !== NO_ENTITY) {
    tags = both(tags, lookUp(asking, 'entity_id', POD + origin.podUid));
  }
  return both(tags, lookUp(asking, 'global', ''));
}

/** Most lists are empty: then nothing is made. */
function both(tags: TagList, others: TagList | undefined): TagList {
  if (others === undefined || others.length === 0) return tags;
  return tags.length === 0 ? others : tags.concat(others);
}

function resolveFirst(origin: Origin, asking: Asking): TagList {
  const { tagger } = asking;
  const { external, podUid } = origin;
  // Functions, because looking up a later candidate may be expensive and is rarely needed.
  const candidates: [OriginSource, () => ByteString | undefined][] = [
    ['socket', () => socketEntity(origin)],
    ['container', () => containerEntity(origin, tagger)],
    ['external', () => externalEntity(origin, tagger)],
    ['entity_id', () => (podUid === '' ? undefined : POD + podUid)],
    ['external_pod', () => (external.podUid === '' ? undefined : POD + external.podUid)],
  ];
  for (const [source, candidate] of candidates) {
    const entity = candidate();
    if (entity === undefined) continue;
    // A known entity without tags ends the search as well: its list is empty, not undefined.
    const tags = lookUp(asking, source, entity);
    if (tags !== undefined) return tags;
  }
  return lookUp(asking, 'global', '') ?? NO_TAGS;
}

function socketEntity(origin: Origin): ByteString | undefined {
  return origin.socket.length > CONTAINER.length ? origin.socket : undefined;
}

function containerEntity(origin: Origin, tagger: Tagger): ByteString | undefined {
  if (origin.containerId !== '') return CONTAINER + origin.containerId;
  const id = origin.inode === 0n ? undefined : tagger.containerOfInode(origin.inode);
  return id === undefined ? undefined : CONTAINER + id;
}

function externalEntity({ external }: Origin, tagger: Tagger): ByteString | undefined {
  if (external.podUid === '' || external.containerName === '') return undefined;
  const id = tagger.containerOfExternal(external);
  return id === undefined ? undefined : CONTAINER + id;
}
