/**
 * Read before the server (`node --import`): one whose statistics never start, to measure what they cost
 * (scenarios/statistics.ts). Threads other than the control thread have none.
 */
import { isMainThread } from 'node:worker_threads';

/** The module that the server itself reads: the benchmark is built with a copy of its own. */
const OWN = new URL('../server/live/live-statistics.js', import.meta.url).href;

if (isMainThread) {
  const { LiveStatistics } = (await import(OWN)) as typeof import('../src/server/live/live-statistics.ts');
  const { prototype } = LiveStatistics;
  prototype.start = prototype.stop;
}
