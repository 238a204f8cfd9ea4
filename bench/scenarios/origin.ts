/**
 * What origin detection costs, in one run that takes turns: smp and prod over a Unix socket with it off and on, from one
 * sender and from 50 in turn, each in a container of its own.
 *
 * The senders are processes that sleep; the sender of the benchmark says that its packets are theirs, for which it has to be
 * root. Their containers are those of a tree of files, and nobody knows tags of them, so what comes out is the same and the
 * balance holds. Speeds are compared round by round, and so is the CPU time of the server, which noise from the sender does
 * not touch.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShapeName } from '../corpus/shapes.ts';
import { type Bench, inDirectory, measureServer, median, type ServerResult, withSender } from '../measure.ts';
import type { SenderProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const MIB = 1 << 20;
const SENDERS = 50;
/** Least speed in percent of that with origin detection off: from one sender, and from many. */
const PERCENT_ONE_MIN = 95;
const PERCENT_MANY_MIN = 85;
const SLEEP_SECONDS = 3600;

const VARIANTS = ['offOne', 'onOne', 'offMany', 'onMany'] as const;
type Variant = (typeof VARIANTS)[number];
type Results = Record<Variant, ServerResult[]>;

export async function measureOrigin(bench: Bench): Promise<ScenarioResult[]> {
  if (process.getuid?.() !== 0) {
    const notes = ['not measured: only root may send in the name of other processes'];
    return [{ name: 'origin', figures: {}, differences: [], pass: true, notes }];
  }
  return inDirectory(async (directory) => {
    const children = Array.from({ length: SENDERS }, () =>
      spawn('sleep', [String(SLEEP_SECONDS)], { stdio: 'ignore' }),
    );
    try {
      const pids = children.map(({ pid }) => pid as number);
      writeProc(directory, pids);
      const results: ScenarioResult[] = [];
      for (const shape of ['smp', 'prod'] as const)
        results.push(summarize(shape, await takeTurns(bench, shape, directory, pids)));
      return results;
    } finally {
      for (const child of children) end(child);
    }
  });
}

function takeTurns(
  bench: Bench,
  shape: ShapeName,
  procRoot: string,
  pids: readonly number[],
): Promise<Results> {
  const corpus = { shape, bytes: bench.corpusBytes, packetBytesMax: 8192 };
  return withSender(bench, corpus, async (sender) => {
    const results: Results = { offOne: [], onOne: [], offMany: [], onMany: [] };
    for (let run = 0; run < bench.runs; run++) {
      // The order changes, so that no variant always comes after the same one.
      for (let i = 0; i < VARIANTS.length; i++) {
        const variant = VARIANTS[(run + i) % VARIANTS.length] as Variant;
        results[variant].push(await measureVariant(bench, sender, variant, procRoot, pids));
      }
    }
    return results;
  });
}

function measureVariant(
  bench: Bench,
  sender: SenderProcess,
  variant: Variant,
  procRoot: string,
  allPids: readonly number[],
): Promise<ServerResult> {
  const isOn = variant.startsWith('on');
  const pids = variant.endsWith('One') ? allPids.slice(0, 1) : allPids;
  const settings = [
    `dogstatsd_origin_detection=${isOn}`,
    `container_proc_root=${procRoot}`,
    'origin.docker=false',
  ];
  const serverFlags = [...bench.serverFlags, ...settings.flatMap((setting) => ['--set', setting])];
  const traffic = { seconds: bench.seconds, pids, warmUp: { seconds: bench.seconds / 4, pids } };
  return measureServer({ ...bench, serverFlags, only: 'unix' }, sender, 'unix', traffic, 0);
}

function summarize(shape: string, results: Results): ScenarioResult {
  const share = (of: (result: ServerResult) => number, on: Variant, off: Variant): number =>
    100 * median(results[on].map((result, round) => of(result) / of(results[off][round] ?? result)));
  const speed = ({ totals, seconds }: ServerResult): number => totals.bytes / MIB / seconds;
  const cpu = ({ totals, cpuMs }: ServerResult): number => cpuMs / totals.packets;
  const figures = {
    mibPerSecondOff: median(results.offOne.map(speed)),
    mibPerSecondOn: median(results.onOne.map(speed)),
    percentOne: share(speed, 'onOne', 'offOne'),
    percentMany: share(speed, 'onMany', 'offMany'),
    cpuPercentOne: share(cpu, 'onOne', 'offOne'),
    cpuPercentMany: share(cpu, 'onMany', 'offMany'),
  };
  const all = VARIANTS.flatMap((variant) => results[variant]);
  const differences = [...new Set(all.flatMap(({ balance }) => balance.differences))];
  const isFast = figures.percentOne >= PERCENT_ONE_MIN && figures.percentMany >= PERCENT_MANY_MIN;
  return { name: `origin ${shape}`, figures, differences, pass: differences.length === 0 && isFast };
}

/** A tree as /proc is one, in which every process runs in a container of its own. */
function writeProc(root: string, pids: readonly number[]): void {
  for (const pid of pids) {
    mkdirSync(join(root, String(pid)));
    writeFileSync(join(root, String(pid), 'cgroup'), `0::/docker/${String(pid).padStart(64, '0')}\n`);
    const fields = ['S', ...Array.from({ length: 18 }, () => '0'), '100', '0'].join(' ');
    writeFileSync(join(root, String(pid), 'stat'), `${pid} (sleep) ${fields}\n`);
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}
