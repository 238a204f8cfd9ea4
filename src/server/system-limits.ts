/**
 * Limits of the system that are smaller than what the server is configured for, named at the start: later they show as
 * connections that are refused, files that cannot be opened and memory that cannot be had.
 *
 * In   /proc/self/limits, Linux; elsewhere nothing is said. Node raises the soft limit of files to the hard one by itself.
 */
import { readFileSync } from 'node:fs';
import { workerCountsOf } from '../config/checks/worker-counts.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../lib/log.ts';

/** What the server holds open without any connection: sockets, pipes of threads, the log, requests to outputs. */
const FILES_BASE = 64;
/** Address space that the WebAssembly memory of one thread reserves, used or not, and what Node takes itself. */
const THREAD_BYTES = 10 * 1024 ** 3;
const GIB = 1024 ** 3;

/** Says at the start which limits are too small for the configuration. */
export function warnAboutLimits(config: Config, log: Log): void {
  const hasStreams = config.dogstatsd_stream_socket !== '' || config.dogstatsd_pipe_name !== '';
  const connections = hasStreams || config.dogstatsd_tcp_port >= 0 ? config.listeners.connections_max : 0;
  const { udp, unixgram } = workerCountsOf(config);
  const threads = Math.max(udp, unixgram);
  for (const sentence of describeLimits(readSystemLimits(), connections, threads)) log.warn({}, sentence);
}

export interface SystemLimits {
  /** Infinity for none. */
  readonly openFiles: number;
  readonly addressSpaceBytes: number;
}

export function readSystemLimits(path = '/proc/self/limits'): SystemLimits {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Not Linux.
  }
  return {
    openFiles: limitIn(text, 'Max open files'),
    addressSpaceBytes: limitIn(text, 'Max address space'),
  };
}

/** A sentence for each limit that is too small. `connectionsMax` is 0 without stream listeners. */
export function describeLimits(limits: SystemLimits, connectionsMax: number, threads: number): string[] {
  const { openFiles, addressSpaceBytes } = limits;
  const wanted = FILES_BASE + connectionsMax;
  const sentences: string[] = [];
  if (openFiles < wanted) {
    const room = Math.max(0, openFiles - FILES_BASE);
    const effect =
      connectionsMax === 0
        ? 'files and sockets may not open'
        : `about ${room} of the ${connectionsMax} connections of listeners.connections_max fit`;
    sentences.push(
      `the limit of open files is ${openFiles} and ${wanted} may be needed: ${effect}; raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker)`,
    );
  }
  const space = THREAD_BYTES * (threads + 1);
  if (addressSpaceBytes < space)
    sentences.push(
      `the address space is limited to ${(addressSpaceBytes / GIB).toFixed(1)} GiB and ${threads} threads reserve up to ${(space / GIB).toFixed(0)} GiB, most of which is never used: the start may fail for want of memory; take the limit off (ulimit -v, LimitAS=) and limit memory with a cgroup instead`,
    );
  return sentences;
}

// Max open files            1024                 524288               files
//                           ^^^^ the soft limit
function limitIn(text: string, name: string): number {
  const soft = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text)?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
