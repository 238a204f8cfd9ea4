/** Keys of a component, for as long as it is on screen. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { addKeys, type KeyHandler } from '../keys.ts';

export function useKeys(handler: KeyHandler, isFallback = false): void {
  const newest = useRef(handler);
  newest.current = handler;
  // With the first frame of the component, not some time after it.
  useLayoutEffect(() => addKeys((key, event) => newest.current(key, event), isFallback), []);
}
