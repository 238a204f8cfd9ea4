#!/usr/bin/env node
/** The `whippet` command: parses the command line, runs the command, turns its end into an exit code. */
import { setFlagsFromString } from 'node:v8';
import { describeError, exitCodeOf } from './exit.ts';
import { registerExpect } from './expect.ts';
import { registerExplain } from './explain.ts';
import { registerIntake } from './intake.ts';
import { buildProgram, registerConfig, registerRun } from './program.ts';
import { registerRecord } from './record.ts';
import { registerSend } from './send.ts';
import { registerSimulate } from './simulate.ts';
import { registerStatus } from './status.ts';
import { registerTestServer } from './test-server.ts';

// The control thread rests most of the time and then works through much at once: its heap is kept small, which
// takes 10 MB off a server at rest and 40 MB off one at full load. The intake threads make no garbage to speak of.
setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');

try {
  await buildProgram([
    registerRun,
    registerConfig,
    registerSend,
    registerExplain,
    registerSimulate,
    registerExpect,
    registerRecord,
    registerTestServer,
    registerIntake,
    registerStatus,
  ]).parseAsync();
} catch (error) {
  // A failed command may leave threads and timers behind, so the process is ended, once the text is out.
  process.stderr.write(describeError(error), () => process.exit(exitCodeOf(error)));
}
