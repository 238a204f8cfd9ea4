/** What GET /api/ledger answers and `whippet status` shows; docs/ledger.md describes it. Plain data. */
import type { Totals } from './ledger.ts';
import type { Loss } from './losses.ts';

export interface LedgerReport {
  /** Unix seconds. */
  readonly at: number;
  readonly startedAt: number;
  /** Whether all totals balance. */
  readonly balanced: boolean;
  readonly totals: readonly (Totals & { readonly imbalance: number })[];
  readonly listeners: readonly ListenerStats[];
  /** Listeners that are configured and could not start. */
  readonly notListening: readonly NotListening[];
  /** What was dropped since the start, with the reason and the remedy; empty when nothing was. */
  readonly losses: readonly Loss[];
}

/** A listener that is configured and does not listen. */
export interface NotListening {
  readonly listener: string;
  readonly code: string;
  readonly reason: string;
}

export interface ListenerStats {
  readonly listener: string;
  /** Addresses and paths. */
  readonly addresses: readonly string[];
  /** Undefined where the system does not tell, and for streams, of which the kernel drops nothing. */
  readonly kernel: KernelStats | undefined;
  readonly receivedBytes: number;
  /** Packets longer than dogstatsd_buffer_size, cut by the kernel; their whole lines are kept. */
  readonly truncatedPackets: number;
  readonly receiveErrors: number;
  readonly backlog: BacklogStats;
}

export interface KernelStats {
  readonly droppedPackets: number;
  readonly queuedBytes: number;
  /** 0 when unknown. */
  readonly limitBytes: number;
  readonly source: 'so_meminfo' | 'proc_net_udp';
}

export interface BacklogStats {
  readonly packets: number;
  readonly bytes: number;
  readonly messages: number;
  /** How long the oldest packet has waited. */
  readonly oldestSeconds: number;
  /** Packets that ever waited, and times there was no room for one more. */
  readonly packetsTotal: number;
  readonly fullTotal: number;
}
