/**
 * Collector of the API server of Kubernetes: the pods of this node, for clusters where nobody may ask the kubelet
 * (docs/origin.md#api-server). It needs the right to list and watch pods.
 *
 *   list of the node ─version─▶ watch from it ─ends, as it does every WATCH_S─▶ watch from the last version seen
 *        ▲                        │
 *        └──── 410, or a line that cannot be read ◀┘     a lost connection is watched again, without a new list
 *
 * Thread  the control thread; nothing waits for it.
 * Limits  ANSWER_MS and LIST_BYTES for a list, EVENT_BYTES for a line of the watch; a watch of which nothing comes is given up
 *         SILENT_MS after its end. Retries wait RETRY_MS, doubled up to RETRY_MAX_MS. Answers never reach the log.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Collector, CollectorLog, CollectorState } from '../collector.ts';
import { CONTAINER } from '../entity.ts';
import { AskError, get, stream } from '../http/ask.ts';
import { Progress } from '../progress.ts';
import type { TagStore } from '../tag-store.ts';
import type { Separators } from '../tags/tag-list.ts';
import { type CredentialFiles, Credentials } from './credentials.ts';
import { readPod, readPodList, readUid } from './pod.ts';
import type { PodTagRules } from './pod-tags.ts';
import { PodWriter } from './pod-writer.ts';
import { readWatchEvent, versionOf } from './watch-event.ts';

const ANSWER_MS = 30_000;
const LIST_BYTES = 64 * 1024 * 1024;
const EVENT_BYTES = 4 * 1024 * 1024;
const WATCH_S = 240;
const SILENT_MS = 30_000;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** A watch that ends before this counts as one more failure in a row. */
const SHORT_MS = 5000;
/** How long a look-up of one container waits for the watch to tell of it. */
const FIND_MS = 1500;

export interface ApiOptions extends CredentialFiles {
  readonly store: TagStore;
  /** `https://10.0.0.1:443`. */
  readonly url: string;
  /** Name of this node. */
  readonly node: string;
  readonly rules: PodTagRules;
  readonly separators: Separators;
  readonly log: CollectorLog;
  readonly retryMs?: number;
  readonly watchSeconds?: number;
  readonly silentMs?: number;
}

export class ApiCollector implements Collector {
  readonly name = 'kubernetes_api';
  private readonly options: ApiOptions;
  private readonly writer: PodWriter;
  private readonly count: () => number;
  private readonly progress: Progress;
  private readonly credentials: Credentials;
  private readonly ending = new AbortController();
  private run: Promise<void> | undefined;
  /** Up to which everything is known; undefined when a list is needed. */
  private version: string | undefined;
  /** Whether the next list has to be the newest one, and not what the server has at hand. */
  private isExpired = false;

  constructor(options: ApiOptions) {
    this.options = options;
    const { store, rules, separators, log, clock } = options;
    const writer = store.writer('kubernetes_api');
    this.writer = new PodWriter({ store, writer, rules, separators });
    this.count = () => writer.count;
    this.credentials = new Credentials(options);
    this.progress = new Progress({
      ...{ name: this.name, log, clock, works: 'the API server is read for the tags of pods' },
      stopped: 'the API server cannot be read for the tags of pods',
    });
  }

  start(): void {
    this.run ??= this.runAll();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.run;
  }

  state(): CollectorState {
    const { url, node } = this.options;
    return this.progress.state(`watches the pods of ${node} at ${url}`, this.count(), {
      ...this.writer.counts,
    });
  }

  /** The watch tells of every container by itself; this resolves when it has, or when it takes too long. */
  async find(containerId: string): Promise<void> {
    const { store } = this.options;
    const wanted = CONTAINER + containerId;
    if (store.has(wanted) || this.progress.isFailing || this.ending.signal.aborted) return;
    const found = new AbortController();
    const end = store.onEntity((entity) => {
      if (entity === wanted) found.abort();
    });
    const signal = AbortSignal.any([found.signal, this.ending.signal]);
    await wait(FIND_MS, undefined, { signal }).catch(() => undefined);
    end();
  }

  private async runAll(): Promise<void> {
    const { signal } = this.ending;
    const { retryMs = RETRY_MS, clock } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = clock();
      try {
        if (this.version === undefined) await this.list();
        await this.watch();
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        if (signal.aborted) return;
        this.fail(error);
      }
      // Every end that comes soon after the start makes the next pause longer, so that nothing is asked in a tight loop.
      failures = clock() - startedAt < SHORT_MS ? failures + 1 : 1;
      const pause = Math.min(retryMs * 2 ** Math.min(failures - 1, 10), RETRY_MAX_MS);
      await wait(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }

  private async list(): Promise<void> {
    const { url, rules } = this.options;
    const limits = { deadlineMs: ANSWER_MS, bytesMax: LIST_BYTES };
    // Version 0 is what the server has in memory, which costs it little.
    const path = this.path(this.isExpired ? '' : '&resourceVersion=0');
    const { body } = await get(await this.credentials.target(url), path, limits, this.ending.signal);
    const list = readPodList(body, rules.variables);
    const version = versionOf(body);
    if (list === undefined || version === '')
      throw new AskError('no_json', 'the API server did not answer with a list of pods');
    if (list.bad > 0) this.progress.add('bad_pods', list.bad);
    this.progress.add('lists');
    this.writer.write(list.pods);
    this.version = version;
    this.isExpired = false;
    this.succeed(list.pods.length);
  }

  private async watch(): Promise<void> {
    const { url, watchSeconds = WATCH_S, silentMs = SILENT_MS } = this.options;
    const target = await this.credentials.target(url);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), watchSeconds * 1000 + silentMs);
    const path = this.path(
      `&resourceVersion=${encodeURIComponent(this.version ?? '')}&watch=1&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}`,
    );
    const restart = (): void => {
      this.version = undefined;
      over.abort();
    };
    try {
      await stream(
        target,
        path,
        { deadlineMs: ANSWER_MS, bytesMax: EVENT_BYTES },
        AbortSignal.any([this.ending.signal, over.signal]),
        {
          open: () => this.succeed(),
          value: (value) => {
            if (!over.signal.aborted) this.take(value, restart);
          },
          badLine: () => {
            // What it said is lost, so everything is listed anew.
            this.progress.add('bad_events');
            restart();
          },
        },
      );
    } catch (error) {
      // Given up here, because nothing came any more or a list is needed.
      if (!over.signal.aborted || this.ending.signal.aborted) throw error;
      if (this.version !== undefined) this.progress.add('watch_silent');
    } finally {
      clearTimeout(timer);
    }
  }

  private take(value: unknown, restart: () => void): void {
    const event = readWatchEvent(value);
    if (event === undefined) {
      this.progress.add('bad_events');
      return;
    }
    if (event.kind === 'error') {
      this.progress.add(event.code === 410 ? 'watch_expired' : 'watch_errors');
      this.isExpired = true;
      restart();
      return;
    }
    this.version = event.version;
    this.progress.hear();
    if (event.kind === 'bookmark') return;
    this.progress.add('events');
    if (event.kind === 'deleted') {
      this.writer.end(readUid(event.object));
      return;
    }
    const pod = readPod(event.object, this.options.rules.variables);
    if (pod === undefined) this.progress.add('bad_pods');
    else this.writer.set(pod);
  }

  private path(more: string): string {
    return `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${this.options.node}`)}${more}`;
  }

  private succeed(pods?: number): void {
    const { url, node } = this.options;
    this.progress.succeed({ url, node, ...(pods !== undefined && { pods }) });
  }

  private fail(error: AskError): void {
    // 410 Gone: the version to watch from is too old. That is no failure.
    if (error.code === '410') {
      this.progress.add('watch_expired');
      this.version = undefined;
      this.isExpired = true;
      return;
    }
    // A token that was refused may have been changed.
    this.credentials.forget();
    this.progress.fail(`failed_${error.failure}`, error.message, remedyFor(error));
  }
}

function remedyFor({ code, message }: AskError): string {
  if (code === '401') return 'give the server a service account; kubelet_auth_token_path names its token';
  if (code === '403')
    return 'let the service account list and watch pods (deploy/kubernetes/pod-tags has the role)';
  if (/certificate|self.signed|CERT/i.test(`${code} ${message}`))
    return 'set kubernetes_apiserver_ca_path to the authority of the cluster, or kubernetes_apiserver_tls_verify: false';
  return 'whippet tries again by itself';
}
