/**
 * What origin detection costs, in one run that takes turns: smp and prod over a Unix socket with it off and on, from one
 * sender and from 50 in turn, each in a container of its own; and smp over a Unix stream, which is read in another way
 * (sender-reader.ts), from one.
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

const ONE = ['offOne', 'onOne'] as const;
const VARIANTS = [...ONE, 'offMany', 'onMany'] as const;
type Variant = (typeof VARIANTS)[number];
type Results<V extends Variant> = Record<V, ServerResult[]>;

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
        results.push(
          summarize(shape, await takeTurns(bench, { shape, transport: 'unix' }, VARIANTS, directory, pids)),
        );
      const stream = await takeTurns(bench, { shape: 'smp', transport: 'stream' }, ONE, directory, []);
      results.push(summarizeOne('smp stream', stream));
      return results;
    } finally {
      for (const child of children) end(child);
    }
  });
}

interface Plan {
  readonly shape: ShapeName;
  readonly transport: 'unix' | 'stream';
}

/** Without `pids` the sender is its own process. */
function takeTurns<V extends Variant>(
  bench: Bench,
  { shape, transport }: Plan,
  variants: readonly V[],
  procRoot: string,
  pids: readonly number[],
): Promise<Results<V>> {
  const corpus = { shape, bytes: bench.corpusBytes, packetBytesMax: 8192 };
  return withSender(bench, corpus, async (sender) => {
    if (pids.length === 0) writeProc(procRoot, [sender.pid]);
    const results = Object.fromEntries(variants.map((variant) => [variant, []])) as unknown as Results<V>;
    for (let run = 0; run < bench.runs; run++) {
      // The order changes, so that no variant always comes after the same one.
      for (let i = 0; i < variants.length; i++) {
        const variant = variants[(run + i) % variants.length] as V;
        results[variant].push(await measureVariant(bench, sender, variant, transport, procRoot, pids));
      }
    }
    return results;
  });
}

function measureVariant(
  bench: Bench,
  sender: SenderProcess,
  variant: Variant,
  transport: Plan['transport'],
  procRoot: string,
  allPids: readonly number[],
): Promise<ServerResult> {
  const isOn = variant.startsWith('on');
  const pids = variant.endsWith('One') ? allPids.slice(0, 1) : allPids;
  const from = pids.length === 0 ? {} : { pids };
  const settings = [
    `dogstatsd_origin_detection=${isOn}`,
    `container_proc_root=${procRoot}`,
    'origin.docker=false',
  ];
  const serverFlags = [...bench.serverFlags, ...settings.flatMap((setting) => ['--set', setting])];
  const traffic = { seconds: bench.seconds, ...from, warmUp: { seconds: bench.seconds / 4, ...from } };
  return measureServer({ ...bench, serverFlags, only: transport }, sender, transport, traffic, 0);
}

const speed = ({ totals, seconds }: ServerResult): number => totals.bytes / MIB / seconds;
const cpu = ({ totals, cpuMs }: ServerResult): number => cpuMs / totals.packets;

/** Percent of the one in the other, round by round. */
function share(
  of: (result: ServerResult) => number,
  on: readonly ServerResult[],
  off: readonly ServerResult[],
): number {
  return 100 * median(on.map((result, round) => of(result) / of(off[round] ?? result)));
}

function figuresOfOne({ offOne, onOne }: Results<(typeof ONE)[number]>) {
  return {
    mibPerSecondOff: median(offOne.map(speed)),
    mibPerSecondOn: median(onOne.map(speed)),
    percentOne: share(speed, onOne, offOne),
    cpuPercentOne: share(cpu, onOne, offOne),
  };
}

function summarizeOne(name: string, results: Results<(typeof ONE)[number]>): ScenarioResult {
  const figures = figuresOfOne(results);
  return judge(name, figures, Object.values(results).flat(), figures.percentOne >= PERCENT_ONE_MIN);
}

function summarize(name: string, results: Results<Variant>): ScenarioResult {
  const percentMany = share(speed, results.onMany, results.offMany);
  const cpuPercentMany = share(cpu, results.onMany, results.offMany);
  const figures = { ...figuresOfOne(results), percentMany, cpuPercentMany };
  const isFast = figures.percentOne >= PERCENT_ONE_MIN && percentMany >= PERCENT_MANY_MIN;
  return judge(name, figures, Object.values(results).flat(), isFast);
}

function judge(
  name: string,
  figures: Record<string, number>,
  all: readonly ServerResult[],
  isFast: boolean,
): ScenarioResult {
  const differences = [...new Set(all.flatMap(({ balance }) => balance.differences))];
  return { name: `origin ${name}`, figures, differences, pass: differences.length === 0 && isFast };
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
