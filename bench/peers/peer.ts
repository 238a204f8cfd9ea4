/**
 * What a peer is: a server beside ours that is built on demand, started for one measurement and asked what it counted.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Destination } from '../../src/listeners/system/send-batch.ts';
import { cpuMsOf } from '../processes.ts';
import type { Totals } from '../totals.ts';

/** Where programs are built; it stays. */
export const FOLDER = fileURLToPath(new URL('../../../.setup/receivers', import.meta.url));

const DRAIN_MS = 60_000;
const READY_MS = 20_000;
const POLL_MS = 100;

/** A sum for each type that a peer has in common with us. */
export interface PeerSums {
  /** Values of counters, each divided by its rate. */
  c: number;
  /** Observations of histograms and of distributions, the same. */
  h: number;
  d: number;
}

export interface RunningPeer {
  readonly pid: number;
  /** Everything that was counted since the start, as soon as it is out: whatever that costs the peer belongs to it. */
  sums(): Promise<PeerSums>;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** Builds the program unless it is there; throws when it cannot be built. */
  build(): void;
  /** Starts it; resolves when it listens at `destination`. `directory` is its own, and gone afterwards. */
  start(destination: Destination, directory: string): Promise<RunningPeer>;
}

/** Runs Go to make `program` in FOLDER, unless it is there. */
export function buildWithGo(program: string, steps: (go: Go) => void): string {
  const path = join(FOLDER, program);
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  process.stderr.write(`building ${program} …\n`);
  steps((command, args, cwd = FOLDER) => {
    const env = { ...process.env, GOBIN: FOLDER };
    execFileSync(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  });
  return path;
}

type Go = (command: string, args: readonly string[], cwd?: string) => void;

/** A program that is ended with the benchmark, however that ends. */
export class PeerProcess {
  private readonly child: ChildProcess;
  private readonly kill: () => boolean;

  constructor(path: string, args: readonly string[]) {
    this.child = spawn(path, args, { stdio: 'ignore' });
    this.kill = () => this.child.kill('SIGKILL');
    process.once('exit', this.kill);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves when `isUp` says so; rejects when the program has ended or takes too long. */
  async whenUp(isUp: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline && this.child.exitCode === null) {
      if (await isUp()) return;
      await sleep(POLL_MS);
    }
    throw new Error(`it did not start: ${this.child.spawnargs.join(' ')}`);
  }

  async stop(): Promise<void> {
    process.off('exit', this.kill);
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.kill();
    await ended;
  }
}

/** Waits until a process has nothing to do: less than a tick of CPU time in three looks. */
export async function drained(pid: number): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (let quiet = 0; quiet < 3 && performance.now() < deadline; ) {
    const before = cpuMsOf(`/proc/${pid}/stat`);
    await sleep(2 * POLL_MS);
    quiet = cpuMsOf(`/proc/${pid}/stat`) - before < 10 ? quiet + 1 : 0;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What a peer counted beside what was sent, in words; nothing where they are equal. */
export function differencesOf(sent: Totals, found: PeerSums): string[] {
  const rows = [
    ['sum of counters', sent.counterSum, found.c],
    ['weight of histograms', sent.histogramWeight, found.h],
    ['weight of distributions', sent.distributionWeight, found.d],
  ] as const;
  return rows.flatMap(([what, expected, value]) =>
    Math.abs(expected - value) < 0.5 ? [] : [`${what}: sent ${expected}, reported ${value}`],
  );
}

/** Adds what a series has to the sum of the type its name begins with; names of the corpus begin with the type sent. */
export function addByName(sums: PeerSums, name: string, value: number): void {
  const type = name[0];
  if (type === 'c' || type === 'h' || type === 'd') sums[type] += value;
}
