/**
 * Keeps the heaps of this process small from now on: for a process that rests most of the time and then works through much
 * at once, for whose peak V8 would otherwise keep room. docs/decisions/memory-of-the-control-thread.md has what it saves.
 *
 * When    not before the modules of Node.js itself are loaded. V8 takes them from a cache inside Node.js only while all
 *         flags are as they were when that was made, and compiles them otherwise: 24 ms for each thread.
 */
import { setFlagsFromString } from 'node:v8';

export function keepHeapsSmall(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
}
