/** The benchmark as a whole, on tiny input. `npm test` builds first; without a build there is nothing to run. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ownCpus } from './pinning.ts';

const built = (path: string): string => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));
const BENCH = built('bench/bench.js');
const canRun = process.platform === 'linux' && existsSync(BENCH);

async function bench(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--quick', ...args]);
  return stdout;
}

describe('npm run bench', () => {
  it.runIf(canRun)('measures the limit of each kind of socket', async () => {
    const output = await bench('--limit-only', '--shapes', 'smp,tiny');
    expect(output).toMatch(/^smp\/unix: L0 \d+ MiB\/s\ntiny\/udp: L0 \d+ packets\/s\n$/);
  });

  it.runIf(canRun && existsSync(BENCH))('measures the server without loss', async () => {
    const output = await bench('--shapes', 'smp,churn', '--scenarios', 'none', '--json');
    const { rows } = JSON.parse(output) as {
      rows: { shape: string; transport: string; loss: number; differences: string[] }[];
    };
    expect(
      rows.map(({ shape, transport, loss, differences }) => ({ shape, transport, loss, differences })),
    ).toEqual([
      { shape: 'smp', transport: 'unix', loss: 0, differences: [] },
      { shape: 'smp', transport: 'stream', loss: 0, differences: [] },
      { shape: 'churn', transport: 'unix', loss: 0, differences: [] },
    ]);
  });

  it.runIf(canRun)(
    'watches who looks, finds the heavy metric in a flood, and turns the statistics off for their cost',
    async () => {
      const output = await bench(
        ...['--shapes', 'none', '--scenarios', 'looking,distinct,statistics', '--json'],
      );
      const { scenarios } = JSON.parse(output) as {
        scenarios: { name: string; differences: string[]; figures: Record<string, number> }[];
      };
      expect(scenarios.map(({ name, differences }) => [name, differences])).toEqual([
        ['looking smp', []],
        ['distinct', []],
        ['statistics smp', []],
      ]);
      const [looking, distinct, statistics] = scenarios.map(({ figures }) => figures);
      expect(looking?.ticks).toBeGreaterThan(0);
      expect(distinct?.answers).toBeGreaterThan(0);
      expect(distinct?.wrongAnswers).toBe(0);
      expect(statistics?.metricsOn).toBeGreaterThan(0);
      expect(statistics?.metricsOff).toBe(0);
    },
    120_000,
  );

  it.runIf(existsSync(BENCH))('says what a start costs, and a server at rest', async () => {
    const output = await bench('--shapes', 'none', '--scenarios', 'start', '--json');
    const { scenarios } = JSON.parse(output) as {
      scenarios: { name: string; figures: Record<string, number> }[];
    };
    expect(scenarios.map(({ name }) => name)).toEqual(['start', 'rest']);
    for (const figure of scenarios.flatMap(({ figures }) => Object.values(figures)))
      expect(figure).toBeGreaterThanOrEqual(0);
    expect(scenarios[0]?.figures.readyCpuMs).toBeGreaterThan(0);
  });

  it.runIf(canRun)('compares one thread with two, and both receive everything', async () => {
    const output = await bench('--shapes', 'none', '--scenarios', 'workers', '--json');
    const { scenarios } = JSON.parse(output) as {
      scenarios: { name: string; differences: string[]; figures: Record<string, number> }[];
    };
    expect(scenarios).toMatchObject([{ name: 'workers', differences: [] }]);
    expect(scenarios[0]?.figures.cpuMicrosecondsPerPacketTwo).toBeGreaterThan(0);
  });

  it.runIf(canRun && ownCpus().length > 1)('says what threads on processors of their own cost', async () => {
    // Bound to processors that others use, threads may come too late for packets: then it prints what is missing, and fails.
    const output = await bench('--shapes', 'none', '--scenarios', 'pinned', '--json').catch(
      ({ stdout }: { stdout: string }) => stdout,
    );
    const { scenarios } = JSON.parse(output) as {
      scenarios: { name: string; figures: Record<string, number> }[];
    };
    expect(scenarios[0]?.figures.cpuMicrosecondsPerPacketOne).toBeGreaterThan(0);
    expect(scenarios[0]?.figures.twoTakeTimes).toBeGreaterThan(0);
  });

  it.runIf(existsSync(BENCH))('renders every series of a large page', async () => {
    const output = await bench('--shapes', 'none', '--scenarios', 'scrape', '--json');
    const { scenarios } = JSON.parse(output) as { scenarios: { name: string; differences: string[] }[] };
    expect(scenarios.map(({ name, differences }) => [name, differences])).toEqual([
      ['scrape', []],
      ['scrape one name', []],
      ['scrape many names', []],
    ]);
  });

  it.runIf(existsSync(BENCH))('makes Datadog payloads that hold everything', async () => {
    const output = await bench('--shapes', 'none', '--scenarios', 'payloads', '--json');
    const { scenarios } = JSON.parse(output) as { scenarios: { name: string; differences: string[] }[] };
    expect(scenarios.map(({ name, differences }) => [name, differences])).toEqual([
      ['payloads', []],
      ['payloads zlib 6', []],
      ['payloads columns', []],
      ['payloads json', []],
    ]);
  });

  it.runIf(existsSync(BENCH))(
    'gives receivers every series of a flush',
    async () => {
      const output = await bench('--shapes', 'none', '--scenarios', 'outputs', '--json');
      const { scenarios } = JSON.parse(output) as { scenarios: { name: string; differences: string[] }[] };
      expect(scenarios.map(({ name, differences }) => [name, differences])).toEqual([
        ['outputs remote_write', []],
        ['outputs otlp delta', []],
        ['outputs otlp cumulative', []],
        ['outputs influxdb', []],
        ['outputs graphite', []],
      ]);
    },
    120_000,
  );

  it.runIf(canRun && existsSync(BENCH))(
    'captures while it measures, and loses nothing by it',
    async () => {
      const output = await bench('--shapes', 'none', '--scenarios', 'capture', '--json');
      const { scenarios } = JSON.parse(output) as {
        scenarios: { name: string; differences: string[]; figures: { writtenMibPerSecond: number } }[];
      };
      expect(scenarios.map(({ name, differences }) => [name, differences])).toEqual([
        ['capture smp', []],
        ['capture smp at 50 MiB/s', []],
      ]);
      for (const { figures } of scenarios) expect(figures.writtenMibPerSecond).toBeGreaterThan(0);
    },
    120_000,
  );

  it.runIf(canRun && existsSync(BENCH))('names the tag that explodes, and loses nothing', async () => {
    const output = await bench('--shapes', 'none', '--scenarios', 'cardinality', '--json');
    const { scenarios } = JSON.parse(output) as { scenarios: { differences: string[]; notes: string[] }[] };
    expect(scenarios).toMatchObject([
      { differences: [], notes: [expect.stringMatching(/^guilty: churn, /)] },
    ]);
  });
});
