/**
 * `whippet doctor`: would a server with this configuration do here what an Agent does?
 *
 *   datadog.yaml ─▶ agent-file.ts   each key: same, different, lost
 *   this machine ─▶ machine.ts      ports, socket files, the kernel's limits, memory
 *   the network  ─▶ reach.ts        Docker, Kubernetes, ECS, the intake's answer to the key, the clock
 */
import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import { readAgentFile } from './agent-file.ts';
import type { Finding } from './finding.ts';
import { checkMachine } from './machine.ts';
import { checkReach, type ReachOptions } from './reach.ts';

export interface DoctorOptions extends ReachOptions {
  /** An Agent's file, whose keys are looked at one by one. */
  readonly file?: string;
}

export async function examine({ config }: LoadedConfig, options: DoctorOptions): Promise<Finding[]> {
  return [
    ...(options.file === undefined ? [] : readAgentFile(options.file)),
    ...checkMachine(config),
    ...(await checkReach(config, options)),
  ];
}

/** A file that a server would refuse: why, and its keys all the same. */
export function examineInvalid(file: string, problems: readonly ConfigProblem[]): Finding[] {
  const refused = problems.map(
    ({ message }): Finding => ({ section: 'keys', subject: 'refused', status: 'fail', detail: message }),
  );
  // A file that cannot be read is one of the problems already.
  return [...refused, ...readAgentFile(file).filter(({ status }) => status !== 'fail')];
}
