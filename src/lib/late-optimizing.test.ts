import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { lateOptimizingFlags } from './late-optimizing.ts';

test('every flag is one that this Node.js has', () => {
  const flags = lateOptimizingFlags(process.versions.v8);
  const { status, stderr } = spawnSync(process.execPath, [...flags, '--eval', ''], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('when code is optimized has another flag in Node.js 20 than in 22 and 24', () => {
  const INLINING = '--max-inlined-bytecode-size-cumulative=300';
  expect(lateOptimizingFlags('11.3.244.8-node.38')).toEqual([INLINING, '--interrupt-budget=270336']);
  for (const v8 of ['12.4.254.21-node.39', '13.6.233.17-node.48']) {
    expect(lateOptimizingFlags(v8)).toEqual([INLINING, '--invocation-count-for-turbofan=12000']);
  }
});
