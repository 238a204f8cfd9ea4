/**
 * How long work takes the processor, for tests of how its cost grows: a clock on the wall also measures what else runs on the
 * machine.
 */

/** Milliseconds of this process's processor time that `work` takes. */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
