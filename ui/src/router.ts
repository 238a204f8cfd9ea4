/**
 * The address of what is on screen: every state that can be sent to a colleague.
 *
 *   #/metrics?q=check&type=d&sort=contexts&range=30m
 *   #/metrics/checkout.latency?compare=http.request.duration
 *   #/tail?q=outcome:rejected
 *
 * Names are percent-encoded. An address nobody knows leads to the overview. Theme, pause and token are never in it.
 */

export const VIEWS = [
  'overview',
  'metrics',
  'tail',
  'cardinality',
  'losses',
  'explain',
  'config',
  'more',
] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View;
  /** The metric that is open, in `metrics`. */
  readonly name: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/** An address longer than this is not one of ours. */
const LENGTH_MAX = 32_768;

export function parseRoute(hash: string): Route {
  const home: Route = { view: 'overview', name: undefined, params: {} };
  if (hash.length > LENGTH_MAX) return home;
  const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const [first = '', rest] = splitOnce(path, '/');
  const view = VIEWS.find((one) => one === first);
  if (view === undefined) return home;
  const params: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) if (value !== '') params[key] = value;
  const name = view === 'metrics' && rest !== undefined && rest !== '' ? decode(rest) : undefined;
  return { view, name, params };
}

export function formatRoute(
  view: View,
  name?: string,
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.set(key, value);
  const path = name === undefined ? view : `${view}/${encodeURIComponent(name)}`;
  const text = query.toString();
  return text === '' ? `#/${path}` : `#/${path}?${text}`;
}

/** The same place with some parameters changed; `undefined` takes one out. */
export function changeParams(
  { view, name, params }: Route,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  return formatRoute(view, name, { ...params, ...changes });
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const found = text.indexOf(at);
  return found < 0 ? [text, undefined] : [text.slice(0, found), text.slice(found + 1)];
}

/** Text that is badly encoded stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
