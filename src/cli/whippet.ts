#!/usr/bin/env node
/** The `whippet` command: parses the command line, runs the command, turns its end into an exit code. */
import { setFlagsFromString } from 'node:v8';
import { describeError, exitCodeOf } from './exit.ts';
import { registerExplain } from './explain.ts';
import { buildProgram, registerConfig, registerRun } from './program.ts';
import { registerSend } from './send.ts';

// Young objects stay in the 1 MB they start with: a server at rest is 6 MB smaller for it, and the shorter
// collections suit the intake threads.
setFlagsFromString('--semi-space-growth-factor=1');

try {
  await buildProgram([registerRun, registerConfig, registerSend, registerExplain]).parseAsync();
} catch (error) {
  // A failed command may leave threads and timers behind, so the process is ended, once the text is out.
  process.stderr.write(describeError(error), () => process.exit(exitCodeOf(error)));
}
