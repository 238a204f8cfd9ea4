/**
 * Keeps web pages of other sites from driving a server on this machine: a browser says where a request comes
 * from, and a name that only pretends to be this machine (DNS rebinding) is in its Host header.
 */

/** Headers of a request as Node gives them, names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

const LOOPBACK_NAMES = new Set(['localhost', '[::1]', '::1']);

/**
 * Why a request is refused, as a sentence; undefined when it is not. `loopbackOnly` says that the server is bound
 * to this machine alone, and so only answers to its names; `hosts` are further names it answers to.
 */
export function refuseWebPage(
  headers: RequestHeaders,
  { loopbackOnly, hosts = [] }: { readonly loopbackOnly: boolean; readonly hosts?: readonly string[] },
): string | undefined {
  const host = one(headers.host);
  const name = hostnameOf(host);
  if (loopbackOnly && !isLoopbackName(name) && !hosts.includes(name)) {
    return `this server does not answer to the host name "${name}"; use 127.0.0.1 or localhost`;
  }
  const origin = one(headers.origin);
  if (origin !== '' && !isSameOrigin(origin, host)) return 'requests of other web sites are refused';
  const site = one(headers['sec-fetch-site']);
  if (site === 'cross-site' || site === 'same-site') return 'requests of other web sites are refused';
  return undefined;
}

/** Whether an address a server is bound to can be reached from this machine only. */
export function isLoopbackAddress(address: string): boolean {
  return isLoopbackName(address) || address === '::ffff:127.0.0.1';
}

function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.has(name) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function isSameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

// localhost:8127   [::1]:8127   127.0.0.1
function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function one(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
