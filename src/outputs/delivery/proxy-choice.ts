/**
 * Which proxy, if any, stands between us and a URL.
 *
 *   no_proxy     matches
 *   host.test    that host; with `nonexact` also every name below it
 *   .host.test   with `nonexact` every name below it
 *   10.0.0.0/8   with `nonexact` addresses of that block
 *   host.test:81 only on that port
 *   *            with `nonexact` everything
 *
 * Without `nonexact` an entry is compared with host or host:port as they stand in the URL, as the Agent does.
 */
import { BlockList, isIP } from 'node:net';

export interface ProxySettings {
  /** For http URLs; empty is none. */
  readonly http: string;
  /** For https URLs. */
  readonly https: string;
  readonly noProxy: readonly string[];
  readonly nonexact: boolean;
}

/** The proxy's URL; undefined for a direct connection. */
export function chooseProxy(url: URL, { http, https, noProxy, nonexact }: ProxySettings): string | undefined {
  const proxy = url.protocol === 'https:' ? https : http;
  if (proxy === '') return undefined;
  const matches = nonexact ? matchesEntry : (entry: string) => entry === url.host;
  return noProxy.some((entry) => matches(entry.trim().toLowerCase(), url)) ? undefined : withScheme(proxy);
}

/** A proxy is often written as `host:port`. */
function withScheme(proxy: string): string {
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function matchesEntry(entry: string, url: URL): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (entry.includes('/')) return isInBlock(entry, host);
  const [name, port] = splitPort(entry);
  if (port !== undefined && port !== portOf(url)) return false;
  if (isIP(name) > 0) return name === host;
  const bare = name.replace(/^\*?\./, '');
  const isBelow = host.endsWith(`.${bare}`);
  return name === bare ? host === bare || isBelow : isBelow;
}

// 10.1.0.0/16
function isInBlock(entry: string, host: string): boolean {
  const family = isIP(host);
  const [address = '', bits = ''] = entry.split('/');
  if (family === 0 || isIP(address) !== family || !/^\d+$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const block = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(address, Number(bits), name);
  return block.check(host, name);
}

function splitPort(entry: string): [name: string, port: string | undefined] {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(entry);
  if (match === null) return [entry.replace(/^\[|\]$/g, ''), undefined];
  return [match[1] ?? match[2] ?? '', match[3]];
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}
