/**
 * The processes a measurement runs: sender, L0 and the server. Each is started, asked and ended here, by its
 * own handle; nothing outlives the benchmark.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Destination } from '../src/listeners/system/send-batch.ts';
import type {
  BenchDestination,
  LimitReport,
  LimitSetup,
  SenderReady,
  SenderSetup,
  SendOrder,
  SendReport,
} from './messages.ts';
import { noTotals, type Totals } from './totals.ts';

const READY_MS = 60_000;
const EXIT_MS = 120_000;
/** How long a server may take to stop, s: on a busy machine its last flush takes longer than a server's default. */
const STOP_SECONDS = 60;
const POLL_MS = 20;
/** Of /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** The package's bundle: what users run. */
export const SERVER = fileURLToPath(new URL('../esm/whippet.js', import.meta.url));
/** The same in its modules, one of which may be changed before it starts. */
const SERVER_IN_MODULES = fileURLToPath(new URL('../cli/whippet.js', import.meta.url));

/** A forked script that answers each message with one. */
class Helper {
  protected readonly child: ChildProcess;

  constructor(script: string, setup: unknown) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.child = fork(path, [JSON.stringify(setup)], { execArgv: [] });
  }

  async ask<Answer>(question?: unknown): Promise<Answer> {
    const answer = this.next<Answer>();
    this.child.send(question as object);
    return answer;
  }

  async next<Answer>(): Promise<Answer> {
    const gone = new AbortController();
    const failed = once(this.child, 'exit', { signal: gone.signal }).then(
      ([code]) => Promise.reject(new Error(`${this.child.spawnargs[1]} ended with code ${code}`)),
      () => new Promise<never>(() => {}),
    );
    const [answer] = await Promise.race([once(this.child, 'message'), failed]);
    gone.abort();
    return answer as Answer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

export class SenderProcess extends Helper {
  /** What one pass adds up to. */
  corpus: Totals = noTotals();

  static async start(setup: SenderSetup): Promise<SenderProcess> {
    const sender = new SenderProcess('./sender.js', setup);
    sender.corpus = (await sender.next<SenderReady>()).corpus;
    return sender;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  async send(order: SendOrder): Promise<SendReport> {
    const report = await this.ask<SendReport>(order);
    if (report.failure !== '') throw new Error(report.failure);
    return report;
  }
}

export class LimitProcess extends Helper {
  static async start(setup: LimitSetup): Promise<LimitProcess> {
    const limit = new LimitProcess('./l0.js', setup);
    await limit.next();
    return limit;
  }

  report(): Promise<LimitReport> {
    return this.ask<LimitReport>('report');
  }
}

export interface ServerSetup {
  /** Where its socket, its log and its output go. */
  readonly directory: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** More flags, as on the command line. */
  readonly flags: readonly string[];
  /** The only listener; by default both for datagrams are open, which is one listener thread more. */
  readonly only?: 'unix' | 'udp' | 'stream';
  /** Flags for Node.js itself. */
  readonly nodeFlags?: readonly string[];
  /** Whether it runs in its modules, and not as the package's bundle. */
  readonly inModules?: boolean;
  /** Environment variables beside those of the benchmark. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerUsage {
  readonly cpuMs: number;
  /** Of the control thread alone; what collecting its garbage takes on other threads is not in it. */
  readonly controlCpuMs: number;
  readonly rssMib: number;
  readonly rssPeakMib: number;
}

/** The built server, with both datagram listeners open and a file as its only output. */
export class ServerProcess {
  readonly unix: Destination;
  readonly udp: Destination;
  readonly stream: BenchDestination;
  readonly outputFile: string;
  private readonly child: ChildProcess;
  private readonly log: string;
  private readonly listeners: number;
  private latest: ServerUsage = { cpuMs: 0, controlCpuMs: 0, rssMib: 0, rssPeakMib: 0 };

  private constructor(setup: ServerSetup) {
    const path = join(setup.directory, 'server.sock');
    this.unix = { kind: 'unix', path };
    const streamPath = join(setup.directory, 'stream.sock');
    this.stream = { kind: 'stream', path: streamPath };
    this.udp = { kind: 'udp', host: '127.0.0.1', port: setup.port };
    this.outputFile = join(setup.directory, 'server.ndjson');
    this.log = join(setup.directory, 'server.log');
    const log = openSync(this.log, 'w');
    const settings = [
      `stop_timeout_seconds=${STOP_SECONDS}`,
      ...(setup.receiveBufferBytes > 0 ? [`dogstatsd_so_rcvbuf=${setup.receiveBufferBytes}`] : []),
    ];
    const isOn = (listener: 'unix' | 'udp'): boolean => (setup.only ?? listener) === listener;
    const flags = [
      ...['run', '--socket', isOn('unix') ? path : '', '--file', this.outputFile],
      ...['--port', isOn('udp') ? String(setup.port) : '-1'],
      ...['--stream-socket', setup.only === 'stream' ? streamPath : ''],
      ...['--http-port', '0', '--log-level', 'info'],
      ...settings.flatMap((setting) => ['--set', setting]),
      ...setup.flags,
    ];
    this.listeners = setup.only === undefined ? 2 : 1;
    const program = setup.inModules === true ? SERVER_IN_MODULES : SERVER;
    this.child = spawn(process.execPath, [...(setup.nodeFlags ?? []), program, ...flags], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...setup.env },
    });
    closeSync(log);
    const kill = (): void => this.kill();
    process.once('exit', kill);
    this.child.once('exit', () => process.off('exit', kill));
  }

  static async start(setup: ServerSetup): Promise<ServerProcess> {
    const server = new ServerProcess(setup);
    const deadline = performance.now() + READY_MS;
    while (!server.isListening()) {
      if (server.child.exitCode !== null || performance.now() > deadline) {
        server.child.kill('SIGKILL');
        throw new Error(`the server did not start:\n${readFileSync(server.log, 'utf8')}`);
      }
      await sleep(POLL_MS);
    }
    return server;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** CPU time since the start, memory now and at most. */
  usage(): ServerUsage {
    this.readUsage();
    return this.latest;
  }

  /** CPU time of each of its threads since the start, ms, by thread id. */
  threadTimes(): Map<string, number> {
    const tasks = `/proc/${this.child.pid}/task`;
    const times = new Map<string, number>();
    for (const thread of readdirSync(tasks)) {
      try {
        // Nanoseconds on a processor, nanoseconds of waiting for one, turns.
        const [ran = '0'] = readFileSync(join(tasks, thread, 'schedstat'), 'utf8').split(' ');
        times.set(thread, Number(ran) / 1e6);
      } catch {
        // It has ended meanwhile.
      }
    }
    return times;
  }

  /** What the server has printed so far. */
  output(): string {
    return readFileSync(this.log, 'utf8');
  }

  /** Where its HTTP server is, as soon as the log says so: it may be up later than the sockets. */
  async url(): Promise<string> {
    const deadline = performance.now() + READY_MS;
    for (;;) {
      const port = /"port":(\d+),"msg":"HTTP is up"/.exec(this.output())?.[1];
      if (port !== undefined) return `http://127.0.0.1:${port}`;
      if (performance.now() > deadline) throw new Error(`the server says no HTTP port:\n${this.output()}`);
      await sleep(POLL_MS);
    }
  }

  /** Asks the server to stop, waits for its last flush; returns its usage at the very end. */
  async stop(): Promise<ServerUsage> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const deadline = performance.now() + EXIT_MS;
    while (this.child.exitCode === null && this.child.signalCode === null) {
      this.readUsage();
      if (performance.now() > deadline) this.child.kill('SIGKILL');
      await sleep(POLL_MS);
    }
    await ended;
    if (this.child.exitCode !== 0) {
      const end = this.child.signalCode ?? `code ${this.child.exitCode}`;
      throw new Error(`the server ended with ${end}:\n${readFileSync(this.log, 'utf8')}`);
    }
    return this.latest;
  }

  /** Ends the server at once; for a benchmark that fails in between. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Sockets are bound before the threads that read them run; the log says when both do. */
  private isListening(): boolean {
    return readFileSync(this.log, 'utf8').split('"listening"').length > this.listeners;
  }

  private readUsage(): void {
    try {
      const { pid } = this.child;
      const cpuMs = cpuMsOf(`/proc/${pid}/stat`);
      const controlCpuMs = cpuMsOf(`/proc/${pid}/task/${pid}/stat`);
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const mib = (key: string): number =>
        Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
      // A process that has ended and is not yet collected has times, and no memory.
      const rss = mib('VmRSS');
      this.latest = {
        cpuMs: Math.max(cpuMs, this.latest.cpuMs),
        controlCpuMs: Math.max(controlCpuMs, this.latest.controlCpuMs),
        rssMib: rss || this.latest.rssMib,
        rssPeakMib: Math.max(mib('VmHWM'), this.latest.rssPeakMib),
      };
    } catch {
      // It has ended; the last reading stands.
    }
  }
}

/** Of a process or thread, by the path of its `stat`: user and system time, ms. */
export function cpuMsOf(path: string): number {
  // pid (name) state ppid … utime stime: fields 14 and 15; the name may contain spaces.
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
