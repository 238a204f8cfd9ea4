/**
 * Has V8 optimize code later from now on, and inline less into it: for a process that works for a tenth of a second every ten
 * seconds, on whose processors the compiler competes with what receives. docs/decisions/what-v8-compiles-in-a-flush.md has what
 * it saves.
 *
 * When    as with small-heap.ts, not before the modules of Node.js itself are loaded. What listener threads compile while they
 *         warm up is compiled as ever.
 */
import { setFlagsFromString } from 'node:v8';

export function optimizeLate(): void {
  for (const flag of lateOptimizingFlags(process.versions.v8)) setFlagsFromString(flag);
}

/** V8 says on stderr that it does not know a flag, so each is for versions that have it. */
export function lateOptimizingFlags(v8: string): string[] {
  const [major = 0, minor = 0] = v8.split('.').map(Number);
  const flags = ['--max-inlined-bytecode-size-cumulative=300'];
  // Four times what is usual, both.
  if (major === 11 && minor <= 3) flags.push('--interrupt-budget=270336');
  if (major >= 12) flags.push('--invocation-count-for-turbofan=12000');
  return flags;
}
