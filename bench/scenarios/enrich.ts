/**
 * What mapper and filters cost, in one run that takes turns.
 *
 *   enrich smp        lines that are known: smp over Unix with mapper and filters that have an opinion about
 *                     other names, and with 10,000 mapper rules, each compared with neither; no difference
 *   enrich uncached lines  50,000 lines that nobody has seen, each with a name of its own: CPU time of a line with
 *                     10,000 rules; an average, as one process does many things at once
 *
 * No rule matches a name of the corpus, so what comes out is the same and the balance holds. Names begin with
 * the letter of their type, and `*` takes them all, so every new name is looked up among the rules.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Bench,
  inDirectory,
  measureServer,
  median,
  type ServerResult,
  type Traffic,
  withSender,
} from '../measure.ts';
import type { SenderProcess } from '../processes.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const MIB = 1 << 20;
const NEW_LINES_CORPUS_BYTES = 16 * MIB;
/** Least speed, in percent of that without mapper and filters. */
const PERCENT_MIN = 95;
const NEW_LINE_MAX_MS = 1;
const RULES_MANY = 10_000;
const FILTERED_NAMES = 1000;

const VARIANTS = ['off', 'on', 'many'] as const;
type Variant = (typeof VARIANTS)[number];
type Results = Record<Variant, ServerResult[]>;

/** Configurations of the server, as JSON, which is YAML too. */
const CONFIGS: Readonly<Record<Variant, object>> = {
  off: {},
  on: {
    dogstatsd_mapper_profiles: [
      profile('jobs', 'jobs.', [wildcard('jobs.*.*.time'), wildcard('jobs.etl.*'), regex('jobs\\.q-(\\w+)')]),
      profile('web', 'web.', [wildcard('web.*.hits')]),
      profile(
        'all',
        '*',
        times(20, (i) => wildcard(`*.part-${i}.*.count`)),
      ),
    ],
    metric_filterlist: times(FILTERED_NAMES, (i) => `filtered.name-${i}`),
    metric_filterlist_match_prefix: true,
    metric_tag_filterlist: times(100, (i) => ({ metric_name: `filtered.tags-${i}`, tags: ['user'] })),
  },
  many: {
    dogstatsd_mapper_profiles: [
      profile(
        'all',
        '*',
        times(RULES_MANY, (i) =>
          i % 2 === 0 ? wildcard(`*.part-${i}.*.count`) : regex(`c\\.part-${i}\\.(\\w+)`),
        ),
      ),
    ],
  },
};

export async function measureEnrichment(bench: Bench): Promise<ScenarioResult[]> {
  return inDirectory(async (directory) => {
    const bytes = bench.corpusBytes;
    const known = await withSender(bench, { shape: 'smp', bytes, packetBytesMax: 8192 }, (sender) =>
      takeTurns(bench, directory, sender, { seconds: bench.seconds, warmUp: { seconds: bench.seconds / 4 } }),
    );
    const newBytes = Math.min(NEW_LINES_CORPUS_BYTES, bytes);
    const unknown = await withSender(
      bench,
      { shape: 'burst', bytes: newBytes, packetBytesMax: 8192 },
      (sender) => takeTurns(bench, directory, sender, { passes: 1 }),
    );
    return [summarizeKnown(known), summarizeNew(unknown)];
  });
}

async function takeTurns(
  bench: Bench,
  directory: string,
  sender: SenderProcess,
  traffic: Traffic,
): Promise<Results> {
  const results: Results = { off: [], on: [], many: [] };
  for (let run = 0; run < bench.runs; run++) {
    // The order changes, so that no variant always comes after the same one.
    for (let i = 0; i < VARIANTS.length; i++) {
      const variant = VARIANTS[(run + i) % VARIANTS.length] as Variant;
      const file = join(directory, `${variant}.yaml`);
      writeFileSync(file, JSON.stringify(CONFIGS[variant]));
      const serverFlags = [...bench.serverFlags, '--config', file];
      results[variant].push(await measureServer({ ...bench, serverFlags }, sender, 'unix', traffic, 0));
    }
  }
  return results;
}

function summarizeKnown(results: Results): ScenarioResult {
  const speeds = (variant: Variant): number[] =>
    results[variant].map(({ totals, seconds }) => totals.bytes / MIB / seconds);
  const off = speeds('off');
  // Each run is compared with the one of its round, because the machine is not always equally fast.
  const share = (variant: Variant): number =>
    median(speeds(variant).map((speed, round) => speed / (off[round] ?? speed)));
  const figures = {
    mibPerSecondOff: median(off),
    mibPerSecondOn: median(speeds('on')),
    percentOn: 100 * share('on'),
    percentManyRules: 100 * share('many'),
  };
  const differences = differencesOf(results);
  const least = Math.min(figures.percentOn, figures.percentManyRules);
  return {
    name: 'enrich smp',
    figures,
    differences,
    pass: differences.length === 0 && least >= PERCENT_MIN,
  };
}

function summarizeNew(results: Results): ScenarioResult {
  const cpuUsPerLine = (variant: Variant): number =>
    median(results[variant].map(({ cpuMs, totals }) => (1000 * cpuMs) / totals.lines));
  const figures = {
    lines: results.off[0]?.totals.lines ?? 0,
    cpuUsPerLineOff: cpuUsPerLine('off'),
    cpuUsPerLineOn: cpuUsPerLine('on'),
    cpuUsPerLineManyRules: cpuUsPerLine('many'),
  };
  const differences = differencesOf(results);
  const pass = differences.length === 0 && figures.cpuUsPerLineManyRules < NEW_LINE_MAX_MS * 1000;
  return { name: 'enrich uncached lines', figures, differences, pass };
}

function differencesOf(results: Results): string[] {
  return [
    ...new Set(
      Object.values(results)
        .flat()
        .flatMap(({ balance }) => balance.differences),
    ),
  ];
}

function profile(name: string, prefix: string, mappings: readonly object[]): object {
  return { name, prefix, mappings };
}

function wildcard(match: string): object {
  return { match, name: 'mapped', tags: { first: '$1' } };
}

function regex(match: string): object {
  return { match, match_type: 'regex', name: 'mapped', tags: { first: '$1' } };
}

function times<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
