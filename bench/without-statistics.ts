/**
 * Read before the server (`node --import`): one whose statistics never start, to measure what they cost
 * (scenarios/statistics.ts). Threads other than the control thread have none.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const { LiveStatistics } = await import('../src/server/live/live-statistics.ts');
  const { prototype } = LiveStatistics;
  prototype.start = prototype.stop;
}
