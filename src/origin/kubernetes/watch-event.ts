/**
 * One line of a watch of the API server.
 *
 *   {"type":"ADDED","object":{"metadata":{"resourceVersion":"17",…},…}}     also MODIFIED, DELETED
 *   {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"99"}}}      nothing has changed up to this version
 *   {"type":"ERROR","object":{"kind":"Status","code":410,…}}                the version is too old: a new list is needed
 */
import { fieldsOf, textOf } from '../tags/shape.ts';

export type WatchEvent =
  | { readonly kind: 'changed' | 'deleted' | 'bookmark'; readonly version: string; readonly object: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly reason: string };

/** Undefined for what is none. */
export function readWatchEvent(value: unknown): WatchEvent | undefined {
  const { type, object } = fieldsOf(value);
  if (type === 'ERROR') {
    const { code, reason } = fieldsOf(object);
    return { kind: 'error', code: typeof code === 'number' ? code : 0, reason: textOf(reason) };
  }
  const kind = KINDS.get(textOf(type));
  const version = versionOf(object);
  return kind === undefined || version === '' ? undefined : { kind, version, object };
}

/** Empty when the object has none. */
export function versionOf(object: unknown): string {
  return textOf(fieldsOf(fieldsOf(object).metadata).resourceVersion);
}

const KINDS = new Map<string, 'changed' | 'deleted' | 'bookmark'>([
  ['ADDED', 'changed'],
  ['MODIFIED', 'changed'],
  ['DELETED', 'deleted'],
  ['BOOKMARK', 'bookmark'],
]);
