/**
 * What a message waits for: the first thing about its sender that is not known yet and that somebody may find out. The
 * words are those that collectors are asked with.
 *
 *   container_id://3f2a   the tags of a container          inode 12608   the container of an inode that a client sent
 *   cgroup 901            the container of a cgroup        external …    that of an admission controller's words
 */
import type { EventMessage, ParsedMetric, ServiceCheckMessage } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import type { PacketOrigin } from '../enrich.ts';
import { externalKey, type TagTable } from './tag-table.ts';

const CONTAINER = 'container_id://';

export function cgroupKey(id: bigint | string): ByteString {
  return `cgroup ${id}`;
}

/** Every such thing, in the order in which origins are believed; nothing for a message that wants no tags. */
export function awaitedKeys(
  message: ParsedMetric | EventMessage | ServiceCheckMessage,
  sender: PacketOrigin,
  table: TagTable,
  unified: boolean,
): ByteString[] {
  if (message.cardinality === 'none') return [];
  const keys: ByteString[] = [];
  const { containerId, inode } = message.localData;
  const container = (id: ByteString): void => {
    if (!table.has(CONTAINER + id)) keys.push(CONTAINER + id);
  };
  if (sender.cgroup !== undefined) keys.push(cgroupKey(sender.cgroup));
  if (sender.socket !== '') {
    if (!table.has(sender.socket)) keys.push(sender.socket);
    // The first that is known ends the search.
    else if (unified) return [];
  }
  if (containerId !== '') container(containerId);
  else if (inode !== 0n) {
    const id = table.linkOfInode(inode);
    if (id === undefined) keys.push(`inode ${inode}`);
    else container(id);
  }
  const { externalData } = message;
  if (unified && externalData.podUid !== '' && externalData.containerName !== '') {
    const id = table.linkOfExternal(externalData);
    if (id === undefined) keys.push(`external ${externalKey(externalData)}`);
    else container(id);
  }
  return keys;
}
