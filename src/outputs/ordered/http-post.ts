/** Posts to one URL with the credentials of a receiver: what couriers over HTTP share. */
import type { Clock } from '../../lib/time/clock.ts';
import { HttpSender } from '../delivery/http-sender.ts';
import type { ProxySettings } from '../delivery/proxy-choice.ts';
import type { SendResult } from '../delivery/send-result.ts';
import type { TlsSettings } from '../delivery/tls-options.ts';
import { type CredentialSettings, Credentials, withLoginOf } from './credentials.ts';

/** Enough for a message that says why. */
const ANSWER_BYTES = 64 * 1024;

export interface HttpSettings {
  /** Where data is taken, whole: with path and query. A login in it becomes basic authentication. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly credentials: CredentialSettings;
  readonly tls: TlsSettings;
  readonly proxy: ProxySettings;
  readonly userAgent: string;
}

export class HttpPost {
  private readonly sender: HttpSender;
  private readonly credentials: Credentials;
  private readonly path: string;
  private readonly userAgent: string;

  constructor({ url, timeoutMs, credentials, tls, proxy, userAgent }: HttpSettings, clock: Clock) {
    const target = new URL(url);
    const { origin, pathname, search } = target;
    this.credentials = new Credentials(withLoginOf(target, credentials));
    this.path = pathname + search;
    this.userAgent = userAgent;
    this.sender = new HttpSender({
      base: origin,
      timeoutMs,
      connections: 1,
      protocol: 'http1',
      resetMs: 0,
      proxy,
      tls,
      clock,
      answerBytes: ANSWER_BYTES,
      headers: () => undefined,
    });
  }

  /** Why credentials cannot be used now. */
  get problem(): string | undefined {
    return this.credentials.problem;
  }

  /** One request; `headers` win over configured ones. Never rejects. */
  async post(headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<SendResult> {
    const own = this.credentials.headers;
    if (own === undefined) return { kind: 'failed', error: this.credentials.problem ?? '' };
    const all = { 'user-agent': this.userAgent, ...own, ...headers };
    const result = await this.sender.request('POST', this.path, all, body);
    if (result.kind === 'answered' && (result.status === 401 || result.status === 403))
      this.credentials.renew();
    return result;
  }

  close(): Promise<void> {
    return this.sender.close();
  }
}
