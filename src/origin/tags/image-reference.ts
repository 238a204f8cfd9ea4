/**
 * An image reference in parts (docs/origin.md#containers).
 *
 *   registry.example:5000/team/web:1.2@sha256:…
 *   └──────────name───────────┘    │
 *                         └short─┘ └ tag
 *
 * A text that is only a digest, as `sha256:…`, names nothing.
 */
export interface ImageReference {
  /** With registry and path. */
  readonly name: string;
  readonly short: string;
  /** Empty when the reference has none. */
  readonly tag: string;
}

export const NO_IMAGE: ImageReference = { name: '', short: '', tag: '' };

export function parseImageReference(text: string): ImageReference {
  if (text === '' || text.startsWith('sha256:')) return NO_IMAGE;
  const digest = text.lastIndexOf('@sha');
  const named = digest < 0 ? text : text.slice(0, digest);
  const slash = named.lastIndexOf('/');
  const colon = named.indexOf(':', slash + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  return { name, short: name.slice(slash + 1), tag: colon < 0 ? '' : named.slice(colon + 1) };
}
