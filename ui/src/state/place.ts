/** Where the page is: the address, as a store. Views change it with `go` and `change`. */
import { changeParams, formatRoute, parseRoute, type Route, type View } from '../router.ts';
import { Store } from './store.ts';

export const place = new Store<Route>(parseRoute(location.hash));

export function watchAddress(): void {
  addEventListener('hashchange', () => {
    place.value = parseRoute(location.hash);
  });
}

export function go(
  view: View,
  name?: string,
  params: Readonly<Record<string, string | undefined>> = {},
): void {
  location.hash = formatRoute(view, name, params);
}

/** Changes parameters in place: no entry in the history, so that Back leads to the view before. */
export function change(changes: Readonly<Record<string, string | undefined>>): void {
  const hash = changeParams(place.value, changes);
  if (hash === location.hash) return;
  history.replaceState(null, '', hash);
  place.value = parseRoute(hash);
}
