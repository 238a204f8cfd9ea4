/**
 * How many threads receive from a datagram socket (`dogstatsd_workers_count`), and what 0 means on this machine.
 *
 *   processors       below 8    8 to 11    12 to 15    16 and more
 *   UDP                 1          2          3            4
 *   Unix datagrams      1          1          1            1
 *
 * Several threads of UDP keep the packets of a client in order, because each has a socket of its own and a client stays with
 * one of them; those of a Unix socket share it and do not (docs/decisions/a-socket-for-each-worker.md). So only UDP gets more
 * than one without being told. One takes 350,000 datagrams a second, and the control thread, outputs and clients need
 * processors too: hence one for every four.
 */
import { countProcessors } from '../../lib/processors.ts';
import type { Config } from '../schema.ts';

const PROCESSORS_PER_THREAD = 4;
const CHOSEN_MAX = 4;

export interface WorkerCounts {
  readonly udp: number;
  readonly unixgram: number;
  /** Those the choice was made from. */
  readonly processors: number;
}

/** What the configuration asks for, or leaves to this machine. */
export function workerCountsOf(config: Pick<Config, 'dogstatsd_workers_count' | 'listeners'>): WorkerCounts {
  const processors = countProcessors(config.listeners.system_root);
  if (config.listeners.portable) return { udp: 1, unixgram: 1, processors };
  return workerCounts(config.dogstatsd_workers_count, processors);
}

/** The same for so many processors. */
export function workerCounts(asked: number, processors: number): WorkerCounts {
  if (asked > 0) return { udp: asked, unixgram: asked, processors };
  const udp = Math.min(Math.max(1, Math.floor(processors / PROCESSORS_PER_THREAD)), CHOSEN_MAX);
  return { udp, unixgram: 1, processors };
}
