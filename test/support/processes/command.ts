/**
 * Runs the built `whippet` command to its end, for tests of what it prints and of its exit codes.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const WHIPPET = fileURLToPath(new URL('../../../dist/cli/whippet.js', import.meta.url));
/** A command that takes longer than this has failed. */
const DEADLINE_MS = 120_000;

export interface CommandEnd {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment without what would configure the server behind the test's back. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(DD|WHIPPET)_|^(NO|FORCE)_COLOR$/.test(name));
  return { ...Object.fromEntries(own), ...extra };
}

/** A socket for the child, as systemd hands it over: under this name, at descriptor 3 and on. */
export interface PassedSocket {
  readonly fd: number;
  readonly name: string;
}

export function spawnWhippet(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  sockets: readonly PassedSocket[] = [],
): ChildProcessWithoutNullStreams {
  if (sockets.length === 0) {
    return spawn(process.execPath, [WHIPPET, ...args], {
      env: cleanEnvironment(env),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }
  const names = {
    LISTEN_FDS: String(sockets.length),
    LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':'),
  };
  // The shell knows the process's number, which stays the same through exec.
  return spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath, WHIPPET, ...args], {
    env: cleanEnvironment({ ...env, ...names }),
    stdio: ['pipe', 'pipe', 'pipe', ...sockets.map(({ fd }) => fd)],
  }) as ChildProcessWithoutNullStreams;
}

/** Runs the command with `input` on its standard input; resolves with its end. */
export async function runWhippet(
  args: readonly string[],
  {
    input = '',
    env = {},
    sockets = [],
  }: {
    input?: string;
    env?: Readonly<Record<string, string>>;
    sockets?: readonly PassedSocket[];
  } = {},
): Promise<CommandEnd> {
  const child = spawnWhippet(args, env, sockets);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, signal] = await endOf(child, DEADLINE_MS);
  return { code, signal, stdout, stderr };
}

/** Resolves with exit code and signal once the streams are closed too; kills a child that does not end. */
export async function endOf(
  child: ChildProcess,
  deadlineMs: number,
): Promise<[number | null, NodeJS.Signals | null]> {
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  try {
    return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  } finally {
    clearTimeout(timer);
  }
}
