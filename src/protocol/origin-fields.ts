/**
 * The origin fields of a message (docs/behaviour/origin.md#client-fields): where the client says it runs.
 *
 *   c:ci-abc123,in-4026531835                   container id, inode of its cgroup
 *   c:abc123  or  c:cid-abc123                  container id, the older forms
 *   e:it-false,cn-web,pu-75a2b6d5-3949          init container?, container name, pod uid
 *
 * Bad content never rejects a message: what can be read is kept, the rest is told to the observer.
 */
import type { ExternalData, LocalData } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { parseUint64 } from './number.ts';
import type { ParseObserver } from './options.ts';

/** What a message without the field has; frozen, because all of them share it. */
export const NO_LOCAL_DATA: LocalData = Object.freeze({ containerId: '', inode: 0n });
export const NO_EXTERNAL_DATA: ExternalData = Object.freeze({ init: false, containerName: '', podUid: '' });

const TRUE_WORDS: readonly ByteString[] = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE_WORDS: readonly ByteString[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/** Reads the text after `c:`. */
export function parseLocalData(text: ByteString, observer?: ParseObserver): LocalData {
  const local: LocalData = { containerId: '', inode: 0n };
  if (text.includes(',')) {
    for (const item of text.split(',')) readLocalItem(local, item, observer);
  } else if (text.startsWith('cid-')) {
    local.containerId = text.slice(4);
  } else if (!readLocalItem(local, text, observer)) {
    // The first form of the field is the bare id. It cannot be part of a list.
    local.containerId = text;
  }
  return local;
}

/** Reads the text after `e:`. */
export function parseExternalData(text: ByteString, observer?: ParseObserver): ExternalData {
  const external: ExternalData = { init: false, containerName: '', podUid: '' };
  for (const item of text.split(',')) {
    if (item.startsWith('it-')) {
      const word = item.slice(3);
      external.init = TRUE_WORDS.includes(word);
      if (!external.init && !FALSE_WORDS.includes(word)) observer?.badOriginField?.(item);
    } else if (item.startsWith('cn-')) {
      external.containerName = item.slice(3);
    } else if (item.startsWith('pu-')) {
      external.podUid = item.slice(3);
    }
  }
  return external;
}

/** Stores a `ci-` or `in-` item; returns whether `item` is one. */
function readLocalItem(local: LocalData, item: ByteString, observer?: ParseObserver): boolean {
  if (item.startsWith('ci-')) {
    local.containerId = item.slice(3);
    return true;
  }
  if (!item.startsWith('in-')) return false;
  const inode = parseUint64(item.slice(3));
  local.inode = inode.value;
  if (!inode.ok) observer?.badOriginField?.(item);
  return true;
}
