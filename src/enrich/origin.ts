/**
 * Resolves where a message came from to the tags of that workload (spec origin-detection §5 and §6).
 *
 *   default mode    socket origin  +  pod of the entity id, or else container of c:  +  global
 *   unified mode    the first of these that is known, and nothing else:
 *                   socket ─ c: ─ container of e: ─ entity id ─ pod of e: ─ global
 *
 * A workload that is not known is silent: the tags are then simply not there.
 */
import type { Origin } from '../model/sample.ts';
import type { ByteString } from '../model/text.ts';
import { type Cardinality, parseCardinality } from './cardinality.ts';
import type { Tagger } from './tagger.ts';

export interface OriginSettings {
  /** Option `origin_detection_unified`. */
  readonly unified: boolean;
  /** Option `dogstatsd_entity_id_precedence`; default mode only. */
  readonly entityIdPrecedence: boolean;
  /** Option `dogstatsd_tag_cardinality`: the level of messages that name none. */
  readonly cardinality: Cardinality;
}

const CONTAINER = 'container_id://';
const POD = 'kubernetes_pod_uid://';
/** As entity id, in default mode: no client origin at all. */
const NO_ENTITY = 'none';

/** Returns the tags to add to a message, in no particular order and with duplicates. */
export function resolveOriginTags(
  origin: Origin,
  settings: OriginSettings,
  tagger: Tagger,
): readonly ByteString[] {
  const level = messageCardinality(origin, settings);
  if (level === 'none') return [];
  return settings.unified ? resolveFirst(origin, tagger, level) : resolveAll(origin, settings, tagger, level);
}

/** An unknown level in a message counts as not given, and not as `low`, so that a typing error changes nothing. */
function messageCardinality(origin: Origin, settings: OriginSettings): Cardinality {
  return parseCardinality(origin.cardinality) ?? settings.cardinality;
}

function resolveAll(
  origin: Origin,
  settings: OriginSettings,
  tagger: Tagger,
  level: Cardinality,
): readonly ByteString[] {
  const tags: ByteString[] = [];
  const socket = socketEntity(origin);
  if (socket !== undefined && (origin.podUid === '' || !settings.entityIdPrecedence))
    tags.push(...(tagger.entityTags(socket, level) ?? []));
  const client = clientEntity(origin, tagger);
  if (client !== undefined) tags.push(...(tagger.entityTags(client, level) ?? []));
  tags.push(...tagger.globalTags(level));
  return tags;
}

/** The one client origin of default mode: an entity id of any kind hides the container of `c:`. */
function clientEntity(origin: Origin, tagger: Tagger): ByteString | undefined {
  if (origin.podUid === NO_ENTITY) return undefined;
  return origin.podUid !== '' ? POD + origin.podUid : containerEntity(origin, tagger);
}

function resolveFirst(origin: Origin, tagger: Tagger, level: Cardinality): readonly ByteString[] {
  const { external, podUid } = origin;
  // Functions, because looking up a later candidate may be expensive and is rarely needed.
  const candidates: (() => ByteString | undefined)[] = [
    () => socketEntity(origin),
    () => containerEntity(origin, tagger),
    () => externalEntity(origin, tagger),
    () => (podUid === '' ? undefined : POD + podUid),
    () => (external.podUid === '' ? undefined : POD + external.podUid),
  ];
  for (const candidate of candidates) {
    const entity = candidate();
    if (entity === undefined) continue;
    // A known entity without tags ends the search as well: its list is empty, not undefined.
    const tags = tagger.entityTags(entity, level);
    if (tags !== undefined) return tags;
  }
  return tagger.globalTags(level);
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
