/**
 * One measurement: an order of the sender, carried out against L0 or against a fresh server.
 *
 * Every measurement of the server is a whole life: start, traffic, SIGTERM, last flush, balance. So the figures
 * hold for what came out of it, and no run profits from what an earlier one left in its tables.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Destination } from '../src/listeners/system/send-batch.ts';
import { type Balance, balance, observe } from './conservation.ts';
import type { ShapeName } from './corpus/shapes.ts';
import type { SendOrder, SendReport } from './messages.ts';
import { LimitProcess, SenderProcess, ServerProcess, type ServerUsage } from './processes.ts';
import { addTotals } from './totals.ts';

export type Transport = 'unix' | 'udp' | 'stream';
export interface Traffic extends Omit<SendOrder, 'destination'> {
  /** Sent before, to the same receiver: it has to arrive as well, and does not count for speed and CPU time. */
  readonly warmUp?: Omit<SendOrder, 'destination'>;
}

export interface Bench {
  readonly seed: number;
  readonly corpusBytes: number;
  readonly seconds: number;
  readonly runs: number;
  /** Port for the UDP sockets of L0 and server, which take turns. */
  readonly port: number;
  readonly serverFlags: readonly string[];
  /** The only listener the server opens; all without it. */
  readonly only?: Transport;
  /** How many contexts the scenarios contexts and flush have; their own numbers when not given. */
  readonly contexts?: number;
  /** Steps of the search for the highest rate without loss. */
  readonly searchSteps: number;
}

export interface LimitResult extends SendReport {
  readonly receivedPackets: number;
  readonly loss: number;
}

export interface ServerResult extends SendReport {
  readonly balance: Balance;
  /** CPU time of the whole process for this traffic, from before the first packet to after the last flush. */
  readonly cpuMs: number;
  /** Right after the last packet. */
  readonly usage: ServerUsage;
  /** After the last flush. */
  readonly rssPeakMib: number;
}

export async function measureLimit(
  bench: Bench,
  sender: SenderProcess,
  transport: Transport,
  traffic: Traffic,
  receiveBufferBytes: number,
): Promise<LimitResult> {
  return inDirectory(async (directory) => {
    const destination: Destination =
      transport !== 'udp'
        ? { kind: 'unix', path: join(directory, 'l0.sock') }
        : { kind: 'udp', host: '127.0.0.1', port: bench.port };
    const limit = await LimitProcess.start({ destination, receiveBufferBytes });
    try {
      const warm = traffic.warmUp && (await sender.send({ ...traffic.warmUp, destination }));
      const warmPackets = warm === undefined ? 0 : (await limit.report()).packets;
      const sent = await sender.send({ ...traffic, destination });
      const { packets } = await limit.report();
      const expected = sent.totals.packets + (warm?.totals.packets ?? 0);
      return { ...sent, receivedPackets: packets, loss: 1 - (packets + warmPackets) / expected };
    } finally {
      await limit.stop();
    }
  });
}

export async function measureServer(
  bench: Bench,
  sender: SenderProcess,
  transport: Transport,
  traffic: Traffic,
  receiveBufferBytes: number,
): Promise<ServerResult> {
  return inDirectory(async (directory) => {
    const { port, serverFlags: flags, only } = bench;
    const setup = { directory, port, receiveBufferBytes, flags, ...(only && { only }) };
    const server = await ServerProcess.start(setup);
    try {
      const destination = server[transport];
      const warm = traffic.warmUp && (await sender.send({ ...traffic.warmUp, destination }));
      const cpuMsBefore = server.usage().cpuMs;
      const sent = await sender.send({ ...traffic, destination });
      const usage = server.usage();
      const end = await server.stop();
      return {
        ...sent,
        balance: balance(
          warm ? addTotals(warm.totals, sent.totals) : sent.totals,
          await observe(server.outputFile),
        ),
        cpuMs: end.cpuMs - cpuMsBefore,
        usage,
        rssPeakMib: end.rssPeakMib,
      };
    } finally {
      server.kill();
    }
  });
}

/** Runs `work` with a sender of its own; its corpus holds `bytes` at most. */
export async function withSender<Result>(
  bench: Bench,
  corpus: { shape: ShapeName; packetBytesMax: number; bytes: number; contexts?: number },
  work: (sender: SenderProcess) => Promise<Result>,
): Promise<Result> {
  const sender = await SenderProcess.start({ ...corpus, seed: bench.seed });
  try {
    return await work(sender);
  } finally {
    await sender.stop();
  }
}

/** Runs `work` in a directory of its own, gone afterwards. */
export async function inDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'whippet-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The middle value; of two middle ones the lower. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
