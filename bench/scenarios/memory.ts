/**
 * Scenario `memory`: resident size at rest; under smp; with 100,000 contexts of 26 tags at 50 MiB/s.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, inDirectory, measureServer, withSender } from '../measure.ts';
import { ServerProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const MIB = 1 << 20;
const WIDE_BYTES_PER_SECOND = 50 * MIB;
/** Holds the 100,000 contexts once; they take about 210 MiB. */
const WIDE_CORPUS_BYTES = 256 * MIB;
const IDLE_SECONDS = 3;
/** What the server may take, MiB. */
const IDLE_MIB = 90;
const SMP_MIB = 150;
const WIDE_MIB = 250;

export async function measureMemory(bench: Bench): Promise<ScenarioResult[]> {
  const idle = await inDirectory(async (directory) => {
    const { port, serverFlags: flags } = bench;
    const setup = { directory, port, receiveBufferBytes: 0, flags, only: 'udp' } as const;
    const server = await ServerProcess.start(setup);
    try {
      await sleep(1000 * Math.min(IDLE_SECONDS, bench.seconds));
      const { rssMib, cpuMs } = server.usage();
      await server.stop();
      return { rssMib, startCpuMs: cpuMs };
    } finally {
      server.kill();
    }
  });
  const smp = await measureLoad(bench, 'smp', bench.corpusBytes, {});
  const wideBytes = Math.min(WIDE_CORPUS_BYTES, 2 * bench.corpusBytes);
  const wide = await measureLoad(bench, 'wide', wideBytes, { bytesPerSecond: WIDE_BYTES_PER_SECOND });
  return [
    { name: 'idle', figures: idle, differences: [], pass: idle.rssMib <= IDLE_MIB },
    { ...smp, pass: smp.pass && (smp.figures.rssMib ?? 0) <= SMP_MIB },
    { ...wide, pass: wide.pass && (wide.figures.rssMib ?? 0) <= WIDE_MIB },
  ];
}

/** Long enough for a bucket to close under load at full length: flushing is when memory peaks. */
async function measureLoad(
  bench: Bench,
  shape: 'smp' | 'wide',
  bytes: number,
  rate: { bytesPerSecond?: number },
): Promise<ScenarioResult> {
  const traffic = { ...rate, seconds: 3 * bench.seconds };
  const result = await withSender(bench, { shape, bytes, packetBytesMax: 8192 }, (sender) =>
    measureServer({ ...bench, only: 'unix' }, sender, 'unix', traffic, 0),
  );
  const { differences, loss } = result.balance;
  const figures = {
    mibPerSecond: result.totals.bytes / MIB / result.seconds,
    rssMib: result.usage.rssMib,
    rssPeakMib: result.rssPeakMib,
    loss,
  };
  return { name: `memory of ${shape}`, figures, differences, pass: differences.length === 0 };
}
