/** What GET /api/ledger answers and `whippet status` shows; docs/ledger.md describes it. Plain data. */
import type { Account } from './ledger.ts';
import type { Loss } from './losses.ts';

export interface LedgerReport {
  /** Unix seconds. */
  readonly at: number;
  readonly startedAt: number;
  /** Whether every account adds up. */
  readonly balanced: boolean;
  readonly accounts: readonly (Account & { readonly imbalance: number })[];
  readonly listeners: readonly ListenerFacts[];
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

export interface ListenerFacts {
  readonly listener: string;
  /** Addresses and paths. */
  readonly addresses: readonly string[];
  /** Undefined where the system does not tell, and for streams, of which the kernel drops nothing. */
  readonly kernel: KernelFacts | undefined;
  readonly receivedBytes: number;
  /** Packets longer than dogstatsd_buffer_size, cut by the kernel; their whole lines are kept. */
  readonly truncatedPackets: number;
  readonly receiveErrors: number;
  readonly backlog: BacklogFacts;
}

export interface KernelFacts {
  readonly droppedPackets: number;
  readonly queuedBytes: number;
  /** 0 when unknown. */
  readonly limitBytes: number;
  readonly source: 'so_meminfo' | 'proc_net_udp';
}

export interface BacklogFacts {
  readonly packets: number;
  readonly bytes: number;
  readonly messages: number;
  /** How long the oldest packet has waited. */
  readonly oldestSeconds: number;
  /** Packets that ever waited, and times there was no room for one more. */
  readonly packetsTotal: number;
  readonly fullTotal: number;
}
