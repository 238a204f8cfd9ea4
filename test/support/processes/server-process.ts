/**
 * The built server as a process of its own, for end-to-end tests.
 *
 *   start ──▶ waits for the log line that says it is up ──▶ ports, paths
 *   stop  ──▶ SIGTERM ──▶ exit code; whatever was sent before is then in the file
 *
 * Buckets are one second wide. All files are in a temporary folder that goes away with the server.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchSender, type Destination } from '../../../src/listeners/system/send-batch.ts';
import type {
  EventRecord,
  FileRecord,
  SeriesRecord,
  ServiceCheckRecord,
} from '../../../src/outputs/file-record.ts';
import type { LedgerReport } from '../../../src/telemetry/ledger/ledger-report.ts';
import { checkEnd, readLedger } from '../ledger.ts';
import { packetsOf } from '../packets.ts';
import { costOf, roomFor, SHARE_BYTES, waitForRoom } from '../udp-room.ts';
import { endOf, type PassedSocket, spawnWhippet } from './command.ts';

const START_MS = 120_000;
const STOP_MS = 120_000;
/** What a server has for its last flush: the default is for a machine that has time, and what is not written by then is lost. */
const STOP_TIMEOUT_SECONDS = 60;
/** A server that its test has forgotten is killed then. */
const LIFE_MS = 600_000;
const POLL_MS = 20;
export const TEST_HOST = 'test-host';

/** What packets can be sent over by commands. */
export const TRANSPORTS = ['udp', 'unix', 'unixstream', 'tcp'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export type LogLine = Record<string, unknown> & { readonly msg: string; readonly level: number };

export interface ServerProcessOptions {
  /** `--set key=value` for each. */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  /** Opens a Unix socket in the temporary folder too. */
  readonly unix?: boolean;
  /** The same for a Unix stream socket. */
  readonly stream?: boolean;
  readonly args?: readonly string[];
  /** Content of a configuration file the server is started with: YAML, or what is written as such. */
  readonly config?: string | object;
  /** Content of the file of the key `workloads`. */
  readonly workloads?: string | object;
  readonly env?: Readonly<Record<string, string>>;
  /** Sockets that the process is started with. */
  readonly sockets?: readonly PassedSocket[];
  /** When it is killed at the latest, ms after its start; ten minutes. */
  readonly lifeMs?: number;
}

export class ServerProcess {
  readonly folder: string;
  readonly filePath: string;
  readonly socketPath: string;
  readonly streamPath: string;
  /** The configuration file; it exists when the server was started with one. */
  readonly configPath: string;
  /** The same for workloads. */
  readonly workloadsPath: string;
  readonly log: LogLine[] = [];
  stdout = '';
  /** Standard error as it is. */
  stderr = '';
  udpPort = 0;
  tcpPort = 0;
  httpPort = 0;
  private readonly token: string;
  readonly child: ChildProcessWithoutNullStreams;
  private rest = '';
  private plain = '';
  private readonly ended: Promise<[number | null, NodeJS.Signals | null]>;

  /** Resolves when the server listens; rejects with what it said when it does not come up. */
  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    try {
      await server.until(() => server.isUp(), 'the server is up', START_MS);
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** Starts the process without waiting for anything. */
  constructor(options: ServerProcessOptions = {}) {
    this.token = String(options.set?.['http.token'] ?? '');
    this.folder = mkdtempSync(join(tmpdir(), 'whippet-e2e-'));
    this.filePath = join(this.folder, 'out.ndjson');
    this.socketPath = join(this.folder, 'dsd.sock');
    this.streamPath = join(this.folder, 'stream.sock');
    this.configPath = join(this.folder, 'whippet.yaml');
    this.workloadsPath = join(this.folder, 'workloads.yaml');
    const settings = {
      dogstatsd_port: 0,
      'http.port': 0,
      bucket_seconds: 1,
      hostname: TEST_HOST,
      stop_timeout_seconds: STOP_TIMEOUT_SECONDS,
      'outputs.file.path': this.filePath,
      ...(options.unix ? { dogstatsd_socket: this.socketPath } : {}),
      ...(options.stream ? { dogstatsd_stream_socket: this.streamPath } : {}),
      ...(options.workloads === undefined ? {} : { workloads: this.workloadsPath }),
      ...options.set,
    };
    const args = [...(options.args ?? [])];
    if (options.workloads !== undefined) this.writeWorkloads(options.workloads);
    if (options.config !== undefined) {
      this.writeConfig(options.config);
      args.push('--config', this.configPath);
    }
    for (const [key, value] of Object.entries(settings)) args.push('--set', `${key}=${value}`);
    this.child = spawnWhippet(args, options.env, options.sockets);
    this.child.stderr.on('data', (chunk: Buffer) => this.readLog(chunk));
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk;
    });
    this.ended = endOf(this.child, options.lifeMs ?? LIFE_MS);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Polls until `condition` holds; rejects with what the server said when it does not in time. */
  async until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await condition())) {
      if (this.hasEnded || performance.now() > deadline) {
        const log = this.log.map((line) => JSON.stringify(line)).join('\n');
        throw new Error(`${this.hasEnded ? 'the server ended' : 'too late'}: ${what}\n${log}\n${this.plain}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Where a transport is received, as commands take it. */
  addressOf(transport: Transport): string {
    if (transport === 'unix') return `unix://${this.socketPath}`;
    if (transport === 'unixstream') return `unixstream://${this.streamPath}`;
    return `${transport}://127.0.0.1:${transport === 'udp' ? this.udpPort : this.tcpPort}`;
  }

  /** Sends datagrams with system calls of our own, no faster than they are received. */
  send(to: 'udp' | 'unix', packets: readonly (string | Buffer)[]): void {
    const destination: Destination =
      to === 'unix'
        ? { kind: 'unix', path: this.socketPath }
        : { kind: 'udp', host: '127.0.0.1', port: this.udpPort };
    const sender = new BatchSender(destination);
    try {
      if (to === 'unix') sender.send(packetsOf(packets));
      else this.sendShares(sender, packets);
      if (sender.packets !== packets.length) throw new Error(`sent ${sender.packets} of ${packets.length}`);
    } finally {
      sender.close();
    }
  }

  /** Sends datagrams through Node, as clients in JavaScript do. */
  async sendUdp(host: string, packets: readonly (string | Buffer)[]): Promise<void> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let share = 0;
    for (const packet of packets) {
      const cost = costOf(packet.length);
      if (share > 0 && share + cost > SHARE_BYTES) {
        await roomFor(this.udpPort);
        share = 0;
      }
      share += cost;
      await new Promise<void>((resolve, reject) =>
        socket.send(packet, this.udpPort, host, (error) => (error ? reject(error) : resolve())),
      );
    }
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Replaces the configuration file in one step. */
  writeConfig(config: string | object): void {
    replaceFile(this.configPath, config);
  }

  /** The same for the file of workloads. */
  writeWorkloads(workloads: string | object): void {
    replaceFile(this.workloadsPath, workloads);
  }

  /** Everything the file output has written so far. */
  records(): FileRecord[] {
    const text = readFileSync(this.filePath, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as FileRecord);
  }

  /** The series of one metric, in the order of the file. */
  series(metric: string): SeriesRecord[] {
    return this.records().filter(
      (record): record is SeriesRecord => 'metric' in record && record.metric === metric,
    );
  }

  /** What a counter adds up to in the file, over all tags and buckets. */
  total(metric: string): number {
    return this.series(metric).reduce((sum, record) => sum + Number(record.count), 0);
  }

  events(): EventRecord[] {
    return this.records().filter(
      (record): record is EventRecord => 'kind' in record && record.kind === 'event',
    );
  }

  checks(): ServiceCheckRecord[] {
    return this.records().filter(
      (record): record is ServiceCheckRecord => 'kind' in record && record.kind === 'service_check',
    );
  }

  async get(path: string, accept = 'text/plain'): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { headers: { accept } });
    return { status: response.status, text: await response.text() };
  }

  async post(path: string): Promise<{ status: number; json: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, { method: 'POST' });
    return { status: response.status, json: await response.json() };
  }

  /** Value of the sample that /metrics shows under `series`, written as on the page; undefined when absent. */
  async metric(series: string): Promise<number | undefined> {
    const { text } = await this.get('/metrics');
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** Sum over the labels of a metric on /metrics. */
  async metricSum(name: string): Promise<number> {
    const { text } = await this.get('/metrics');
    let sum = 0;
    for (const line of text.split('\n'))
      if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) sum += Number(line.split(' ').at(-1));
    return sum;
  }

  /** Reads the ledger, which must add up whenever it is read. */
  ledger(): Promise<LedgerReport> {
    return readLedger(this.httpPort, this.token);
  }

  /** Asks the server to stop and waits for it; its exit code. The ledger must add up before. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.hasEnded && this.httpPort > 0) await this.ledger();
    if (!this.hasEnded) this.child.kill(signal);
    return this.end();
  }

  /** Waits for the end of the process; its exit code, null when a signal ended it. */
  async end(): Promise<number | null> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    const [code] = await this.ended;
    clearTimeout(timer);
    const last = this.log.find(({ msg }) => msg === 'final totals of everything received');
    if (last !== undefined) checkEnd(last);
    return code;
  }

  /** Ends the process, if it still runs, and removes its folder. */
  async dispose(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGKILL');
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The kernel drops UDP that it has no room for. */
  private sendShares(sender: BatchSender, packets: readonly (string | Buffer)[]): void {
    const list = packetsOf(packets);
    let start = 0;
    let share = 0;
    for (const [i, length] of list.lengths.entries()) {
      if (share > 0 && share + costOf(length) > SHARE_BYTES) {
        sender.send(list, start, i);
        waitForRoom(this.udpPort);
        start = i;
        share = 0;
      }
      share += costOf(length);
    }
    sender.send(list, start);
  }

  private isUp(): boolean {
    for (const line of this.log) {
      if (line.msg === 'listening' && line.listener === 'udp')
        this.udpPort = Number(/\d+$/.exec(String(line.address))?.[0]);
      if (line.msg === 'listening' && line.listener === 'tcp')
        this.tcpPort = Number(/\d+$/.exec(String(line.address))?.[0]);
      if (line.msg === 'HTTP is up') this.httpPort = Number(line.port);
    }
    return this.httpPort > 0;
  }

  private readLog(chunk: Buffer): void {
    this.stderr += chunk;
    const lines = (this.rest + chunk.toString()).split('\n');
    this.rest = lines.pop() as string;
    for (const line of lines) {
      if (line.startsWith('{')) this.log.push(JSON.parse(line) as LogLine);
      else this.plain += `${line}\n`;
    }
  }
}

/** Runs `body` with a server of its own, which is gone afterwards whatever happens. */
export async function withServer(
  options: ServerProcessOptions,
  body: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await ServerProcess.start(options);
  try {
    await body(server);
    if (!server.hasEnded) await server.ledger();
  } finally {
    await server.dispose();
  }
}

/** Writes text, or JSON, which is YAML too, so that a reader sees the old file or the new one, whole. */
function replaceFile(path: string, content: string | object): void {
  const draft = `${path}.draft`;
  writeFileSync(draft, typeof content === 'string' ? content : JSON.stringify(content));
  renameSync(draft, path);
}
