/**
 * Collector of the kubelet of this node: the pods that run here, their containers, and which container the words of an
 * admission controller mean (docs/origin.md#kubernetes).
 *
 *   https://<node>:10250/pods   with the token of the service account, read again every minute
 *   http://<node>:10255/pods    the read-only port, when the other refuses and this one is open
 *
 * Thread  the control thread; nothing waits for it.
 * Limits  a list every POLL_MS, and sooner when something of an unknown container came (poll-loop.ts). ANSWER_MS and
 *         ANSWER_BYTES for an answer. Answers never reach the log.
 */
import type { Collector, CollectorLog, CollectorState } from '../collector.ts';
import { AskError, get, type Target } from '../http/ask.ts';
import { PollLoop } from '../poll-loop.ts';
import { Progress } from '../progress.ts';
import type { TagStore } from '../tag-store.ts';
import type { Separators } from '../tags/tag-list.ts';
import { type CredentialFiles, Credentials } from './credentials.ts';
import { readPodList } from './pod.ts';
import type { PodTagRules } from './pod-tags.ts';
import { PodWriter } from './pod-writer.ts';

const POLL_MS = 5000;
const ANSWER_MS = 30_000;
const ANSWER_BYTES = 64 * 1024 * 1024;

export interface KubeletOptions extends CredentialFiles {
  readonly store: TagStore;
  readonly host: string;
  readonly httpsPort: number;
  /** 0 when it is not to be asked. */
  readonly httpPort: number;
  readonly rules: PodTagRules;
  readonly separators: Separators;
  readonly log: CollectorLog;
  readonly pollMs?: number;
  readonly retryMs?: number;
}

export class KubeletCollector implements Collector {
  readonly name = 'kubelet';
  private readonly options: KubeletOptions;
  private readonly writer: PodWriter;
  private readonly count: () => number;
  private readonly progress: Progress;
  private readonly loop: PollLoop;
  private readonly credentials: Credentials;
  private isReadOnly = false;

  constructor(options: KubeletOptions) {
    this.options = options;
    const { store, rules, separators, log, clock, pollMs = POLL_MS, retryMs } = options;
    const writer = store.writer('kubelet');
    this.writer = new PodWriter({ store, writer, rules, separators });
    this.count = () => writer.count;
    this.credentials = new Credentials(options);
    this.progress = new Progress({
      ...{ name: this.name, log, clock, works: 'the kubelet is read for the tags of pods' },
      stopped: 'the kubelet cannot be read for the tags of pods',
    });
    const ask = (): Promise<boolean> => this.list();
    this.loop = new PollLoop({ ask, pollMs, clock, ...(retryMs !== undefined && { retryMs }) });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  state(): CollectorState {
    return this.progress.state(`reads ${this.url()}`, this.count(), { ...this.writer.counts });
  }

  /** Asks for the list again, soon. */
  find(): Promise<void> {
    return this.loop.find();
  }

  private async list(): Promise<boolean> {
    const { progress } = this;
    try {
      const body = await this.ask();
      const list = readPodList(body, this.options.rules.variables);
      if (list === undefined) {
        const problem = 'the kubelet did not answer with a list of pods';
        progress.fail('bad_answers', problem, 'whippet tries again by itself');
        return false;
      }
      if (list.bad > 0) progress.add('bad_pods', list.bad);
      this.writer.write(list.pods);
      progress.succeed({ url: this.url(), pods: list.pods.length });
      return true;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.failure === 'stopped') return false;
      progress.fail(`failed_${error.failure}`, error.message, remedyFor(error));
      // A token that was refused may have been changed.
      this.credentials.forget();
      return false;
    }
  }

  private async ask(): Promise<unknown> {
    if (this.isReadOnly) return this.askReadOnly();
    try {
      return await this.get(await this.credentials.target(this.url(false)));
    } catch (error) {
      const { httpPort } = this.options;
      if (!(error instanceof AskError) || error.failure === 'stopped' || httpPort === 0) throw error;
      // The error of the other port says nothing: it is closed almost everywhere.
      const body = await this.askReadOnly().catch(() => {
        throw error;
      });
      this.isReadOnly = true;
      const fields = { collector: this.name, port: httpPort, problem: error.message };
      this.options.log.warn(fields, 'reading the kubelet over its read-only port, which is not encrypted');
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
    return (await get(target, '/pods', limits, this.loop.signal)).body;
  }

  private url(isReadOnly = this.isReadOnly): string {
    const { host, httpsPort, httpPort } = this.options;
    const address = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return isReadOnly ? `http://${address}:${httpPort}` : `https://${address}:${httpsPort}`;
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
