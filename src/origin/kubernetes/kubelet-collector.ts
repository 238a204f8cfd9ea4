/**
 * Collector of the kubelet of this node: the pods that run here, their containers, and which container the words of an
 * admission controller mean (docs/origin.md#kubernetes).
 *
 *   https://<node>:10250/pods   with the token of the service account, read again every minute
 *   http://<node>:10255/pods    the read-only port, when the other refuses and this one is open
 *
 * Thread  the control thread; nothing waits for it.
 * Limits  a list every POLL_MS, and sooner when something of an unknown container came, at most one in FIND_MS. ANSWER_MS
 *         and ANSWER_BYTES for an answer. Retries wait RETRY_MS, doubled up to RETRY_MAX_MS. Answers never reach the log.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Collector, CollectorLog, CollectorState, CollectorStatus } from '../collector.ts';
import { AskError, get, type Target } from '../http/ask.ts';
import type { TagStore } from '../tag-store.ts';
import type { Separators } from '../tags/tag-list.ts';
import { readPodList } from './pod.ts';
import type { PodTagRules } from './pod-tags.ts';
import { PodWriter } from './pod-writer.ts';

const POLL_MS = 5000;
const FIND_MS = 1000;
const ANSWER_MS = 30_000;
const ANSWER_BYTES = 64 * 1024 * 1024;
const TOKEN_MS = 60_000;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;

export interface KubeletOptions {
  readonly store: TagStore;
  readonly host: string;
  readonly httpsPort: number;
  /** 0 when it is not to be asked. */
  readonly httpPort: number;
  readonly verifyTls: boolean;
  /** Files; empty for none. */
  readonly caPath: string;
  readonly tokenPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly rules: PodTagRules;
  readonly separators: Separators;
  readonly log: CollectorLog;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  readonly pollMs?: number;
  readonly retryMs?: number;
}

export class KubeletCollector implements Collector {
  readonly name = 'kubelet';
  private readonly options: KubeletOptions;
  private readonly writer: PodWriter;
  private readonly count: () => number;
  private readonly _stop = new AbortController();
  private readonly counts: Record<string, number> = {};
  private status: CollectorStatus = 'starting';
  private problem = { detail: '', remedy: '' };
  private answeredAt: number | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  #token: { readonly text: string; readonly at: number } | undefined;
  private isReadOnly = false;
  private failures = 0;
  private run: Promise<void> | undefined;
  /** Ends the pause before the next list. */
  private wake: (() => void) | undefined;
  /** Who waits for a list that is asked for after they came. */
  private finders: (() => void)[] = [];

  constructor(options: KubeletOptions) {
    this.options = options;
    const { store, rules, separators } = options;
    const writer = store.writer('kubelet');
    this.writer = new PodWriter({ store, writer, rules, separators });
    this.count = () => writer.count;
  }

  start(): void {
    this.run ??= this.runAll();
  }

  async stop(): Promise<void> {
    this._stop.abort();
    this.wake?.();
    await this.run;
    for (const done of this.finders.splice(0)) done();
  }

  state(): CollectorState {
    const isFailing = this.status === 'failing';
    return {
      ...{ name: this.name, status: this.status, entities: this.count() },
      detail: isFailing ? this.problem.detail : `reads ${this.url()}`,
      remedy: isFailing ? this.problem.remedy : '',
      ...(this.answeredAt !== undefined && {
        answeredSecondsAgo: Math.round((this.options.clock() - this.answeredAt) / 1000),
      }),
      counts: { ...this.counts, ...this.writer.counts },
    };
  }

  /** Asks for the list again, soon. */
  find(): Promise<void> {
    if (this._stop.signal.aborted || this.status === 'failing') return Promise.resolve();
    return new Promise((resolve) => {
      this.finders.push(resolve);
      this.wake?.();
    });
  }

  private async runAll(): Promise<void> {
    const { signal } = this._stop;
    while (!signal.aborted) {
      const finders = this.finders.splice(0);
      const isGood = await this.list();
      for (const done of finders) done();
      if (signal.aborted) return;
      await this.pause(isGood);
    }
  }

  /** Until the next list: sooner when somebody looks for a container, but not at once. */
  private async pause(isGood: boolean): Promise<void> {
    const { pollMs = POLL_MS, retryMs = RETRY_MS, clock } = this.options;
    const retry = Math.min(retryMs * 2 ** Math.min(this.failures - 1, 10), RETRY_MAX_MS);
    const pause = new AbortController();
    this.wake = () => pause.abort();
    const signal = AbortSignal.any([pause.signal, this._stop.signal]);
    if (this.finders.length === 0)
      await wait(isGood ? pollMs : retry, undefined, { signal }).catch(() => undefined);
    this.wake = undefined;
    const left = Math.min(FIND_MS, pollMs) - (clock() - this.askedAt);
    if (left > 0) await wait(left, undefined, { signal: this._stop.signal }).catch(() => undefined);
  }

  private async list(): Promise<boolean> {
    this.askedAt = this.options.clock();
    try {
      const body = await this.ask();
      const list = readPodList(body, this.options.rules.variables);
      if (list === undefined) {
        this.fail(
          'bad_answers',
          'the kubelet did not answer with a list of pods',
          'whippet tries again by itself',
        );
        return false;
      }
      if (list.bad > 0) this.add('bad_pods', list.bad);
      this.writer.write(list.pods);
      this.succeed(list.pods.length);
      return true;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.failure === 'stopped') return false;
      this.fail(`failed_${error.failure}`, error.message, remedyFor(error));
      return false;
    }
  }

  private async ask(): Promise<unknown> {
    if (this.isReadOnly) return this.askReadOnly();
    try {
      return await this.get(await this.secureTarget());
    } catch (error) {
      const { httpPort } = this.options;
      if (!(error instanceof AskError) || error.failure === 'stopped' || httpPort === 0) throw error;
      // The error of the other port says nothing: it is closed almost everywhere.
      const body = await this.askReadOnly().catch(() => {
        throw error;
      });
      this.isReadOnly = true;
      const fields = { collector: this.name, port: httpPort, problem: error.message };
      this.options.log.warn(fields, 'the kubelet is read over its read-only port, without encryption');
      return body;
    }
  }

  /** When it closes, the other one is asked again. */
  private async askReadOnly(): Promise<unknown> {
    try {
      return await this.get({ url: this.url(true) });
    } catch (error) {
      this.isReadOnly = false;
      throw error;
    }
  }

  private async get(target: Target): Promise<unknown> {
    const limits = { deadlineMs: ANSWER_MS, bytesMax: ANSWER_BYTES };
    return (await get(target, '/pods', limits, this._stop.signal)).body;
  }

  private async secureTarget(): Promise<Target> {
    const { verifyTls, caPath, certPath, keyPath } = this.options;
    const token = await this.readToken();
    const [ca, cert, key] = await Promise.all([caPath, certPath, keyPath].map(readText));
    return {
      url: this.url(false),
      ...(token !== '' && { headers: { authorization: `Bearer ${token}` } }),
      tls: {
        verify: verifyTls,
        ...(ca !== '' && { ca }),
        ...(cert !== '' && { cert }),
        ...(key !== '' && { key }),
      },
    };
  }

  /** The cluster changes it now and then. */
  private async readToken(): Promise<string> {
    const now = this.options.clock();
    if (this.#token === undefined || this.#token.text === '' || now - this.#token.at >= TOKEN_MS)
      this.#token = { text: (await readText(this.options.tokenPath)).trim(), at: now };
    return this.#token.text;
  }

  private url(isReadOnly = this.isReadOnly): string {
    const { host, httpsPort, httpPort } = this.options;
    const address = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return isReadOnly ? `http://${address}:${httpPort}` : `https://${address}:${httpsPort}`;
  }

  private add(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  private succeed(pods: number): void {
    const isNews = this.status !== 'running';
    this.status = 'running';
    this.failures = 0;
    this.answeredAt = this.options.clock();
    const fields = { collector: this.name, url: this.url(), pods };
    if (isNews) this.options.log.info(fields, 'the kubelet is read for the tags of pods');
  }

  private fail(counter: string, problem: string, remedy: string): void {
    this.add(counter);
    const isNews = this.status !== 'failing';
    this.status = 'failing';
    this.problem = { detail: problem, remedy };
    this.failures++;
    // A token that was refused may have been changed.
    this.#token = undefined;
    const fields = { collector: this.name, problem, remedy };
    if (isNews) this.options.log.warn(fields, 'the kubelet cannot be read for the tags of pods');
  }
}

/** Empty when there is no such file: the kubelet then says what it misses. */
async function readText(path: string): Promise<string> {
  if (path === '') return '';
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

function remedyFor({ code, message }: AskError): string {
  if (code === '401') return 'give the server a service account; kubelet_auth_token_path names its token';
  if (code === '403') return 'let the service account get nodes/proxy, or nodes/pods from Kubernetes 1.33 on';
  if (/certificate|self.signed|CERT/i.test(`${code} ${message}`))
    return 'set kubelet_client_ca to the authority of the kubelet, or kubelet_tls_verify: false';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH')
    return "set kubernetes_kubelet_host to the node's address (status.hostIP)";
  return 'whippet tries again by itself';
}
