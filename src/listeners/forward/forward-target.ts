/**
 * Where packets are sent on to, as an address: keeps looking the name up, so that a target which moves is followed
 * and one that has no address yet is found.
 *
 *   statsd_forward_host ─▶ look up ─▶ address ─▶ threads
 *                           ▲ every 30 s; every 5 s while there is none
 *
 * An address is taken as it is. Of several addresses of a name the current one stays as long as it is among them;
 * else IPv4 comes first, because UDP does not tell that nobody listens at ::1.
 *
 * Thread   the control thread. Looking up never holds up the start for more than START_WAIT_MS.
 * Failure  a name that is not found keeps the address it had. Without one packets are counted as unresolved.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ForwardTarget } from './packet-forwarder.ts';

const KNOWN_MS = 30_000;
const UNKNOWN_MS = 5_000;
const START_WAIT_MS = 2_000;

/** What a lookup led to, for the log. */
export type TargetNews =
  | { readonly kind: 'found'; readonly target: ForwardTarget }
  /** The first of a row of failures. */
  | { readonly kind: 'not found'; readonly error: Error };

export interface TargetOptions {
  readonly host: string;
  readonly port: number;
  readonly onNews: (news: TargetNews) => void;
  /** Addresses of a name, best first. */
  readonly lookUp?: (host: string) => Promise<readonly string[]>;
}

export class ForwardTargetFinder {
  private readonly options: TargetOptions;
  private readonly lookUp: (host: string) => Promise<readonly string[]>;
  private found: ForwardTarget | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;
  private isStopped = false;

  constructor(options: TargetOptions) {
    this.options = options;
    this.lookUp = options.lookUp ?? systemLookUp;
    const { host, port } = options;
    if (isIP(host) !== 0) this.found = { host, port };
  }

  /** Undefined while the name has no address. */
  get target(): ForwardTarget | undefined {
    return this.found;
  }

  /** Looks for the first time; resolves when that led to something, or soon at the latest. */
  async start(): Promise<void> {
    if (this.found !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, START_WAIT_MS);
    });
    await Promise.race([this.look(), late]);
    clearTimeout(timer);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    try {
      this.accept(await this.lookUp(this.options.host));
    } catch (error) {
      if (!this.isFailing && !this.isStopped)
        this.options.onNews({ kind: 'not found', error: error as Error });
      this.isFailing = true;
    }
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.look(), this.found === undefined ? UNKNOWN_MS : KNOWN_MS);
    this.timer.unref();
  }

  private accept(addresses: readonly string[]): void {
    const [first] = addresses;
    if (first === undefined) throw new Error(`${this.options.host} has no address`);
    this.isFailing = false;
    if (this.isStopped || addresses.includes(this.found?.host ?? '')) return;
    this.found = { host: first, port: this.options.port };
    this.options.onNews({ kind: 'found', target: this.found });
  }
}

/** Whether what is sent to `target` comes back to the UDP socket bound to `host` and `port`. */
export function isSameSocket(target: ForwardTarget, bound: ForwardTarget): boolean {
  if (target.port !== bound.port) return false;
  // To "any address" means to this machine.
  const host = LOOPBACK_OF[target.host] ?? target.host;
  if (LOOPBACK_OF[bound.host] === undefined) return host === bound.host;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return host === '::1' || host.startsWith('127.') || own.some(({ address }) => address === host);
}

const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

async function systemLookUp(host: string): Promise<string[]> {
  const addresses = await lookup(host, { all: true, verbatim: false });
  return addresses.map(({ address }) => address);
}
