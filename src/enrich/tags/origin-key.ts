/**
 * Which workload a line counts for where contexts are limited per origin: one text for each, by the first thing that
 * is known of it, in the order origin detection believes them (docs/behaviour/origin.md#resolution).
 *
 *   socket's container ─ c: ─ inode ─ e: ─ entity id ─ process id
 */
import type { Origin } from '../../model/sample.ts';
import type { ByteString } from '../../model/text.ts';

/** As entity id: the client wants no origin. */
const NO_ENTITY = 'none';

/** Empty when nothing is known: then nothing is counted. */
export function originKey({ socket, containerId, inode, external, podUid, pid }: Origin): ByteString {
  if (socket !== '') return socket;
  if (containerId !== '') return `container_id://${containerId}`;
  if (inode !== 0n) return `inode:${inode}`;
  if (external.podUid !== '') return `external:${external.podUid}/${external.containerName}`;
  if (podUid !== '' && podUid !== NO_ENTITY) return `kubernetes_pod_uid://${podUid}`;
  return pid === 0 ? '' : `pid:${pid}`;
}
