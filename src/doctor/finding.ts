/** What `whippet doctor` has to say: one sentence about one thing, with a word for how it stands. */

export const STATUSES = ['same', 'differs', 'lost', 'other', 'ok', 'warn', 'fail', 'skipped'] as const;
/**
 * Of a key of an Agent's file: `same` as in the Agent, `differs` in how, `lost` here, `other` part of the Agent.
 * Of the machine: `ok`, `warn` (works, could be better), `fail` (does not work), `skipped` (not looked at).
 */
export type Status = (typeof STATUSES)[number];

export const SECTIONS = [
  'keys',
  'ports',
  'sockets',
  'kernel',
  'memory',
  'workloads',
  'delivery',
  'clock',
] as const;
export type Section = (typeof SECTIONS)[number];

export interface Finding {
  readonly section: Section;
  /** What it is about: a key, a port, a setting of the kernel. */
  readonly subject: string;
  readonly status: Status;
  readonly detail: string;
  /** What to do, often a command. */
  readonly fix?: string;
}

/** Whether data is lost, or something does not work. */
export function isProblem({ status }: Finding): boolean {
  return status === 'lost' || status === 'fail';
}
