/**
 * Keys of the whole page. A view adds its own while it is on screen; the newest layer is asked first, and the page's own
 * last, whichever of them came first: with an address of a view both come at once.
 *
 *   g o  g m  …   two keys in turn, within a second        none acts while a field has the focus
 *
 * A handler answers whether it took the key.
 */

export type KeyHandler = (key: string, event: KeyboardEvent) => boolean;

const SEQUENCE_MS = 1000;
/** Keys that begin a sequence of two. */
const PREFIXES = new Set(['g', 's']);

const layers: KeyHandler[] = [];
let prefix = '';
let prefixAt = 0;

/** Adds a layer, to be asked first, or last when it `isFallback`; what it returns takes it away. */
export function addKeys(handler: KeyHandler, isFallback = false): () => void {
  if (isFallback) layers.unshift(handler);
  else layers.push(handler);
  return () => {
    const at = layers.indexOf(handler);
    if (at >= 0) layers.splice(at, 1);
  };
}

export function watchKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : undefined;
    if (isField(target)) return;
    // A button or a link takes Enter and Space for itself.
    if ((event.key === 'Enter' || event.key === ' ') && target?.closest('button, a, [role=tab]') != null)
      return;
    for (const key of keysOf(event)) {
      for (let at = layers.length - 1; at >= 0; at--) {
        if (layers[at]?.(key, event) !== true) continue;
        event.preventDefault();
        prefix = '';
        return;
      }
    }
    if (PREFIXES.has(event.key)) {
      prefix = event.key;
      prefixAt = event.timeStamp;
    }
  });
}

/** What was pressed: a sequence with what came before, then the key itself. */
function keysOf(event: KeyboardEvent): string[] {
  const isSequence = prefix !== '' && event.timeStamp - prefixAt < SEQUENCE_MS;
  const before = prefix;
  prefix = '';
  return isSequence ? [`${before} ${event.key}`, event.key] : [event.key];
}

function isField(target: Element | undefined): boolean {
  return target?.matches('input, textarea, select, [contenteditable=true]') === true;
}
