/** A real store as a process on a free port, with its data in a temporary folder; and questions in PromQL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../.setup/receivers', import.meta.url));
const START_MS = 30_000;

export type StoreKind = 'prometheus-2.42' | 'prometheus-3' | 'victoria-metrics';

/** Those that scripts/receivers.sh could get. */
export function hasStore(kind: StoreKind): boolean {
  return existsSync(join(FOLDER, kind));
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface StoreOptions {
  /** Addresses whose `/metrics` a Prometheus scrapes every second. */
  readonly scrape?: readonly string[];
}

export class Store {
  readonly kind: StoreKind;
  readonly base: string;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly scrape: readonly string[];
  output = '';

  private constructor(kind: StoreKind, port: number, { scrape = [] }: StoreOptions) {
    this.kind = kind;
    this.scrape = scrape;
    this.base = `http://127.0.0.1:${port}`;
    this.folder = mkdtempSync(join(tmpdir(), 'store-'));
    this.child = spawn(join(FOLDER, kind), this.args(port), { cwd: this.folder });
    const hear = (data: Buffer): void => {
      this.output += data.toString();
    };
    this.child.stdout?.on('data', hear);
    this.child.stderr?.on('data', hear);
  }

  static async start(kind: StoreKind, port?: number, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(kind, port ?? (await freePort()), options);
    const ready = kind === 'victoria-metrics' ? '/health' : '/-/ready';
    const until = Date.now() + START_MS;
    for (;;) {
      const answer = await fetch(store.base + ready).catch(() => undefined);
      if (answer?.ok === true) return store;
      if (Date.now() > until) throw new Error(`${kind} does not start: ${store.output}`);
      await sleep(50);
    }
  }

  get writeUrl(): string {
    return `${this.base}/api/v1/write`;
  }

  /** What `outputs.otlp.url` is set to. */
  get otlpUrl(): string {
    return this.base + (this.kind === 'victoria-metrics' ? '/opentelemetry' : '/api/v1/otlp');
  }

  /** An instant query, at `at` (Unix seconds) or now. */
  async query(promql: string, at?: number): Promise<Sample[]> {
    const time = at === undefined ? '' : `&time=${at}`;
    const answer = await fetch(`${this.base}/api/v1/query?query=${encodeURIComponent(promql)}${time}`);
    const { data, error } = (await answer.json()) as {
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
      error?: string;
    };
    if (data === undefined) throw new Error(`${promql}: ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** The one value of a query; undefined when there is none. */
  async value(promql: string, at?: number): Promise<number | undefined> {
    // VictoriaMetrics shows what it stored a moment later.
    if (this.kind === 'victoria-metrics') await fetch(`${this.base}/internal/force_flush`);
    const [first] = await this.query(promql, at);
    return first?.value;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private config(): string {
    if (this.scrape.length === 0) return '';
    const native = this.kind === 'prometheus-3' ? 'scrape_native_histograms: true, ' : '';
    const job = `{job_name: whippet, ${native}static_configs: [{targets: ${JSON.stringify(this.scrape)}}]}`;
    return `global: {scrape_interval: 1s}\nscrape_configs: [${job}]\n`;
  }

  private args(port: number): string[] {
    if (this.kind === 'victoria-metrics')
      return [`-httpListenAddr=127.0.0.1:${port}`, '-storageDataPath=data', '-search.latencyOffset=0s'];
    writeFileSync(join(this.folder, 'prometheus.yml'), this.config());
    return [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      ...(this.kind === 'prometheus-2.42'
        ? ['--enable-feature=native-histograms']
        : ['--web.enable-otlp-receiver']),
    ];
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
