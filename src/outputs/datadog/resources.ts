/**
 * Tags of a series that the intake takes as resources (docs/datadog.md#what-is-sent).
 *
 *   device:sda                             resource device sda; the last one wins
 *   dd.internal.resource:database:orders   resource database orders; malformed ones vanish
 *
 * Sketches have no resources: their tags stay as they are.
 */
import type { ByteString } from '../../model/text.ts';

export interface Resource {
  readonly type: ByteString;
  readonly name: ByteString;
}

export interface SplitTags {
  readonly tags: readonly ByteString[];
  /** Empty when there is none. */
  readonly device: ByteString;
  readonly resources: readonly Resource[];
}

const DEVICE = 'device:';
const RESOURCE = 'dd.internal.resource:';
const LETTER_D = 100;
const NO_RESOURCES: readonly Resource[] = [];

/** Takes resources out of the tags; most lists have none and are returned as they are. */
export function splitTags(tags: readonly ByteString[]): SplitTags {
  if (!tags.some(isResource)) return { tags, device: '', resources: NO_RESOURCES };
  let device = '';
  const resources: Resource[] = [];
  const rest = tags.filter((tag) => {
    if (tag.startsWith(DEVICE)) {
      device = tag.slice(DEVICE.length);
      return false;
    }
    if (!tag.startsWith(RESOURCE)) return true;
    const colon = tag.indexOf(':', RESOURCE.length);
    const type = tag.slice(RESOURCE.length, Math.max(colon, RESOURCE.length));
    const name = tag.slice(colon + 1);
    if (colon >= 0 && type !== '' && name !== '') resources.push({ type, name });
    return false;
  });
  return { tags: rest, device, resources };
}

function isResource(tag: ByteString): boolean {
  return tag.charCodeAt(0) === LETTER_D && (tag.startsWith(DEVICE) || tag.startsWith(RESOURCE));
}
