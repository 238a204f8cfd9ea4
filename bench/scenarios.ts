/**
 * What the table of rows does not show, by the name that --scenarios takes:
 *
 *   burst   50,000 contexts that nobody has seen over UDP with the system's receive buffer (burst.ts)
 *   enrich  mapper and filters on versus off, and 10,000 mapper rules (enrich.ts)
 *   gc      collections of garbage in the listener thread while it sees only lines it knows (garbage.ts)
 *   flush   how long flushing 100,000 contexts keeps the threads from their other work (flush.ts)
 *   payloads  what 100,000 series and 20,000 sketches cost on their way to Datadog (payloads.ts)
 *   outputs  what 100,000 series cost on their way to remote write, OTLP, InfluxDB and Graphite (outputs.ts)
 *   cardinality  a million contexts in a minute with room for a tenth of them (cardinality.ts)
 *   capture  what copying packets for captures and for looking back costs (capture.ts)
 *   origin  origin detection off and on, from one sender and from 50 (origin.ts)
 *   looking  eight readers of the live page and one of the tail (looking.ts)
 *   distinct  what the statistics hold against a flood of 10,000,000 contexts (distinct.ts)
 *   statistics  what the statistics cost, with and without (statistics.ts)
 *   contexts  memory with 250,000 contexts and with a million, and what each takes (many-contexts.ts)
 *   global  partials sealed by an edge and merged by an owner in a CPU second (global.ts)
 *   scrape  what a page of 100,000 contexts for Prometheus costs (scrape.ts)
 *   workers  what a packet costs with one thread for UDP and with two (workers.ts)
 *   pinned   the same with each thread on a processor of its own: what they share (pinned.ts)
 *   rates   processor time at rates that are far from the limit (rates.ts)
 *   start   what a start costs, and a server at rest: memory, wake-ups (start.ts)
 *   memory  resident size at rest, under smp, with 100,000 contexts of 26 tags (memory.ts)
 */
import { measureBurst } from './scenarios/burst.ts';
import { measureCapture } from './scenarios/capture.ts';
import { measureCardinality } from './scenarios/cardinality.ts';
import { measureDistinct } from './scenarios/distinct.ts';
import { measureEnrichment } from './scenarios/enrich.ts';
import { measureFlush } from './scenarios/flush.ts';
import { measureGarbage } from './scenarios/garbage.ts';
import { measureGlobal } from './scenarios/global.ts';
import { measureLooking } from './scenarios/looking.ts';
import { measureManyContexts } from './scenarios/many-contexts.ts';
import { measureMemory } from './scenarios/memory.ts';
import { measureOrigin } from './scenarios/origin.ts';
import { measureOutputs } from './scenarios/outputs.ts';
import { measurePayloads } from './scenarios/payloads.ts';
import { measurePinned } from './scenarios/pinned.ts';
import { measureRates } from './scenarios/rates.ts';
import { measureScrape } from './scenarios/scrape.ts';
import { measureStart } from './scenarios/start.ts';
import { measureStatistics } from './scenarios/statistics.ts';
import { measureWorkers } from './scenarios/workers.ts';

export const SCENARIOS = {
  burst: measureBurst,
  start: measureStart,
  memory: measureMemory,
  gc: measureGarbage,
  enrich: measureEnrichment,
  payloads: measurePayloads,
  outputs: measureOutputs,
  flush: measureFlush,
  cardinality: measureCardinality,
  capture: measureCapture,
  origin: measureOrigin,
  looking: measureLooking,
  distinct: measureDistinct,
  statistics: measureStatistics,
  contexts: measureManyContexts,
  scrape: measureScrape,
  global: measureGlobal,
  workers: measureWorkers,
  pinned: measurePinned,
  rates: measureRates,
} as const;
export type ScenarioName = keyof typeof SCENARIOS;
