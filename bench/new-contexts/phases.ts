/**
 * What pieces of work cost, by phase: processor time, and what they allocate on the JavaScript heap.
 *
 *   used before ─▶ work, with collections of garbage in between ─▶ used after
 *   allocated = used after - used before + what the collections freed
 *
 * Processor time is that of the whole process, so it has in it what V8's own threads do meanwhile.
 */
import { GCProfiler } from 'node:v8';

export interface Cost {
  /** User and system time, ns. */
  cpuNs: number;
  allocatedBytes: number;
  /** Collections of garbage within. */
  collections: number;
}

export class Meter<Phase extends string> {
  readonly costs: Record<Phase, Cost>;

  constructor(phases: readonly Phase[]) {
    this.costs = Object.fromEntries(
      phases.map((phase) => [phase, { cpuNs: 0, allocatedBytes: 0, collections: 0 }]),
    ) as Record<Phase, Cost>;
  }

  /** Does the work and adds what it cost to the phase. */
  run<Result>(phase: Phase, work: () => Result): Result {
    const profiler = new GCProfiler();
    profiler.start();
    const usedBefore = process.memoryUsage().heapUsed;
    const cpuBefore = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(cpuBefore);
    const usedAfter = process.memoryUsage().heapUsed;
    const { statistics } = profiler.stop();
    const cost = this.costs[phase];
    cost.cpuNs += (user + system) * 1000;
    cost.allocatedBytes += usedAfter - usedBefore;
    cost.collections += statistics.length;
    for (const { beforeGC, afterGC } of statistics)
      cost.allocatedBytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    return result;
  }
}
