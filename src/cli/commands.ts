/** All commands: parses the command line, runs the command, turns its end into an exit code. */
import { registerAnalyze } from './capture/analyze.ts';
import { registerCapture } from './capture/capture.ts';
import { registerReplay } from './capture/replay.ts';
import { registerDoctor } from './doctor/doctor.ts';
import { describeError, exitCodeOf } from './exit.ts';
import { registerExplain } from './explain/explain.ts';
import { registerGlobal } from './global/global.ts';
import { registerImport } from './import/import.ts';
import { registerOrigin } from './origin/origin.ts';
import { buildProgram, registerConfig, registerRun } from './program.ts';
import { registerSend } from './send/send.ts';
import { registerSimulate } from './simulate/simulate.ts';
import { registerStatus } from './status/status.ts';
import { registerTail } from './tail/tail.ts';
import { registerExpect } from './testing/expect.ts';
import { registerIntake } from './testing/intake.ts';
import { registerRecord } from './testing/record.ts';
import { registerTestServer } from './testing/test-server.ts';
import { registerTop } from './top/top.ts';

/** Runs the command that the arguments of this process name. */
export async function runCommand(): Promise<void> {
  try {
    await buildProgram([
      registerRun,
      registerConfig,
      registerDoctor,
      registerSend,
      registerExplain,
      registerSimulate,
      registerImport,
      registerGlobal,
      registerCapture,
      registerReplay,
      registerAnalyze,
      registerExpect,
      registerRecord,
      registerTestServer,
      registerIntake,
      registerStatus,
      registerTop,
      registerTail,
      registerOrigin,
    ]).parseAsync();
  } catch (error) {
    // A failed command may leave threads and timers behind, so the process is ended, once the text is out.
    process.stderr.write(describeError(error), () => process.exit(exitCodeOf(error)));
  }
}
