/**
 * What the ledger tells of each listener besides its totals: what the kernel dropped and holds for its sockets, its
 * bytes, its backlog.
 *
 * The kernel is asked at every ticker and whenever someone wants to know; what a closed socket had dropped stays.
 */
import { CORE_COUNTERS } from '../counters/core-counters.ts';
import type { ThreadCounts } from '../counters/thread-counts.ts';
import { type OwnMetric, ownMetricBy } from '../metric.ts';
import { DropCount, type SocketMemory, type WatchedSocket } from './kernel-drops.ts';
import type { KernelStats, ListenerStats } from './ledger-report.ts';

interface Socket {
  readonly listener: WatchedSocket;
  readonly drops: DropCount;
  memory: SocketMemory | undefined;
}

export class ListenerWatch {
  private sockets: readonly Socket[];

  /** Takes the open listeners, before they receive. */
  constructor(listeners: readonly WatchedSocket[]) {
    this.sockets = listeners.map((listener) => ({
      listener,
      drops: new DropCount(listener.dropsBefore),
      memory: undefined,
    }));
  }

  /** Asks the kernel. */
  look(): void {
    for (const socket of this.sockets) {
      const memory = socket.listener.socketMemory?.();
      if (memory === undefined) continue;
      socket.memory = memory;
      socket.drops.accept(memory.drops);
    }
  }

  /** Says goodbye to the sockets: what is known of them stays, and the kernel is not asked any more. */
  close(): void {
    this.look();
    this.sockets = this.sockets.map((socket) => ({
      ...socket,
      listener: { ...socket.listener, socketMemory: () => undefined },
    }));
  }

  /** Every kind of listener, in the order they were opened. `now` in Unix seconds. */
  stats(threads: readonly ThreadCounts[], now: number): ListenerStats[] {
    const kinds = new Set([
      ...this.sockets.map(({ listener }) => listener.kind),
      ...threads.map(({ listener }) => listener),
    ]);
    return [...kinds].map((kind) => {
      const sockets = this.sockets.filter(({ listener }) => listener.kind === kind);
      return statsOf(
        kind,
        sockets,
        threads.filter(({ listener }) => listener === kind),
        now,
      );
    });
  }
}

function statsOf(
  listener: string,
  sockets: readonly Socket[],
  threads: readonly ThreadCounts[],
  now: number,
): ListenerStats {
  const sum = (count: (thread: ThreadCounts) => number): number =>
    threads.reduce((total, thread) => total + count(thread), 0);
  const oldest = threads.map(({ counters }) => counters.get('backlogOldestAt')).filter((at) => at > 0);
  return {
    listener,
    addresses: [...new Set(sockets.map((socket) => socket.listener.name))],
    kernel: kernelOf(sockets),
    receivedBytes: sum(({ core }) => core[CORE_COUNTERS.bytes] as number),
    truncatedPackets: sum(({ core }) => core[CORE_COUNTERS.truncatedPackets] as number),
    receiveErrors: sum(({ counters }) => counters.get('receiveErrors')),
    backlog: {
      packets: sum(({ counters }) => counters.get('backlogHeldPackets')),
      bytes: sum(({ counters }) => counters.get('backlogHeldBytes')),
      messages: sum(({ counters }) => counters.get('backlogHeldMessages')),
      oldestSeconds: oldest.length === 0 ? 0 : Math.max(0, now - Math.min(...oldest)),
      packetsTotal: sum(({ counters }) => counters.get('backlogPackets')),
      fullTotal: sum(({ counters }) => counters.get('backlogFull')),
    },
  };
}

function kernelOf(sockets: readonly Socket[]): KernelStats | undefined {
  const known = sockets.flatMap(({ memory, drops }) => (memory === undefined ? [] : [{ memory, drops }]));
  const [first] = known;
  if (first === undefined) return undefined;
  return {
    droppedPackets: known.reduce((sum, { drops }) => sum + drops.total, 0),
    queuedBytes: known.reduce((sum, { memory }) => sum + memory.queuedBytes, 0),
    limitBytes: known.reduce((sum, { memory }) => sum + memory.limitBytes, 0),
    source: first.memory.source,
  };
}

/** The same as metrics of the server. */
export function listenerMetrics(stats: readonly ListenerStats[]): OwnMetric[] {
  return FAMILIES.map(([type, name, help, read]) =>
    ownMetricBy(
      type,
      name,
      help,
      'listener',
      stats.flatMap((one) => {
        const value = read(one);
        return value === undefined ? [] : [[one.listener, value] as const];
      }),
    ),
  );
}

type Read = (stats: ListenerStats) => number | undefined;

const FAMILIES: readonly (readonly [OwnMetric['type'], string, string, Read])[] = [
  [
    'counter',
    'whippet_kernel_packets_dropped_total',
    'Packets the kernel dropped because the receive buffer of a socket was full.',
    ({ kernel }) => kernel?.droppedPackets,
  ],
  [
    'gauge',
    'whippet_kernel_queued_bytes',
    'Kernel memory of packets that wait in sockets.',
    ({ kernel }) => kernel?.queuedBytes,
  ],
  [
    'gauge',
    'whippet_kernel_limit_bytes',
    'Kernel memory beyond which sockets drop; 0 when unknown.',
    ({ kernel }) => kernel?.limitBytes,
  ],
  [
    'counter',
    'whippet_listener_bytes_total',
    'Bytes of packets that were processed.',
    (f) => f.receivedBytes,
  ],
  [
    'counter',
    'whippet_listener_packets_truncated_total',
    'Packets longer than dogstatsd_buffer_size, cut by the kernel; their whole lines are kept.',
    (f) => f.truncatedPackets,
  ],
  ['counter', 'whippet_listener_receive_errors_total', 'Receive calls that failed.', (f) => f.receiveErrors],
  [
    'gauge',
    'whippet_listener_backlog_held_bytes',
    'Bytes in the backlog now, headers included.',
    ({ backlog }) => backlog.bytes,
  ],
  [
    'gauge',
    'whippet_listener_backlog_oldest_seconds',
    'How long the oldest packet in the backlog has waited.',
    ({ backlog }) => backlog.oldestSeconds,
  ],
  [
    'counter',
    'whippet_listener_backlog_packets_total',
    'Packets that waited in the backlog before they were processed.',
    ({ backlog }) => backlog.packetsTotal,
  ],
  [
    'counter',
    'whippet_listener_backlog_full_total',
    'Times the backlog was full and the socket had to wait.',
    ({ backlog }) => backlog.fullTotal,
  ],
];
