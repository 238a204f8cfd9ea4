/**
 * One retry file: what it holds, and how much of it has been taken for sending.
 *
 *   waiting ──take──▶ taken: each transaction is settled (acknowledged or given up) or put back
 *      ▲                │ all settled ─▶ the file is removed
 *      └── some put back┘
 *
 * A settled record is marked in the file (retry-file.ts), unless the file goes away anyway. So a process
 * that is killed sends again only what was not acknowledged.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { type Amount, amountOf, NOTHING, sumOf } from './loss-counts.ts';
import { type DecodedFile, decodeRetryFile, type RetryFileSummary } from './retry-file.ts';
import type { Transaction } from './transaction.ts';

interface Taken {
  /** Position of the `done` byte of each record, by the record's number. */
  readonly doneAt: readonly number[];
  readonly transactions: ReadonlyMap<number, Transaction>;
  /** Numbers of records that are neither settled nor put back. */
  readonly open: Set<number>;
  putBack: number;
}

export class StoredFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly newest: number;
  readonly oldest: number;
  /** What is still to be sent, by kind. */
  left: Record<string, Amount>;
  /** All of it is settled: it waits only to be removed. */
  finished = false;
  #taken: Taken | undefined;
  /** Positions of records settled by this process, should their mark not have reached the disk. */
  readonly #settledAt = new Set<number>();
  #handle: FileHandle | undefined;

  constructor(path: string, name: string, bytes: number, summary: RetryFileSummary) {
    this.path = path;
    this.name = name;
    this.bytes = bytes;
    this.newest = summary.newest;
    this.oldest = summary.oldest;
    this.left = { ...summary.kinds };
  }

  get isTaken(): boolean {
    return this.#taken !== undefined;
  }

  get amount(): Amount {
    return Object.values(this.left).reduce(sumOf, NOTHING);
  }

  /** Reads the file and takes what is left in it. `missing` is what should be in it and is not, by kind. */
  async take(): Promise<DecodedFile & { readonly missing: Record<string, Amount> }> {
    const read = decodeRetryFile(await readFile(this.path));
    const decoded = { ...read, records: read.records.filter(({ doneAt }) => !this.#settledAt.has(doneAt)) };
    const expected = this.left;
    const found: Record<string, Amount> = {};
    const transactions = new Map<number, Transaction>();
    decoded.records.forEach(({ transaction }, index) => {
      transaction.stored = { file: this.name, index };
      transactions.set(index, transaction);
      found[transaction.kind] = sumOf(found[transaction.kind] ?? NOTHING, amountOf(transaction));
    });
    this.left = found;
    this.#taken = {
      doneAt: decoded.records.map(({ doneAt }) => doneAt),
      transactions,
      open: new Set(transactions.keys()),
      putBack: 0,
    };
    return { ...decoded, missing: subtractKinds(subtractKinds(expected, found), decoded.done) };
  }

  /** One transaction is done with. Resolves to true when all of them are. */
  async settle(index: number): Promise<boolean> {
    const taken = this.#taken;
    const transaction = taken?.transactions.get(index);
    if (taken === undefined || transaction === undefined || !taken.open.delete(index)) return false;
    const { kind } = transaction;
    this.left[kind] = subtract(this.left[kind] ?? NOTHING, amountOf(transaction));
    const doneAt = taken.doneAt[index] as number;
    this.#settledAt.add(doneAt);
    if (taken.open.size === 0 && taken.putBack === 0) {
      this.finished = true;
      await this.close();
      return true;
    }
    try {
      this.#handle ??= await open(this.path, 'r+');
      await this.#handle.write(Uint8Array.of(1), 0, 1, doneAt);
    } finally {
      await this.#untakeIfDone();
    }
    return false;
  }

  /** One transaction will not be sent now; it stays in the file. */
  async putBack(index: number): Promise<void> {
    const taken = this.#taken;
    if (taken === undefined || !taken.open.delete(index)) return;
    taken.putBack++;
    await this.#untakeIfDone();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  async #untakeIfDone(): Promise<void> {
    if (this.#taken?.open.size !== 0) return;
    this.#taken = undefined;
    await this.close();
  }
}

function subtract(a: Amount, b: Amount): Amount {
  return {
    payloads: a.payloads - b.payloads,
    items: a.items - b.items,
    points: a.points - b.points,
    bytes: a.bytes - b.bytes,
  };
}

function subtractKinds(
  expected: Readonly<Record<string, Amount>>,
  found: Readonly<Record<string, Amount>>,
): Record<string, Amount> {
  const missing = Object.entries(expected).map(
    ([kind, amount]) => [kind, subtract(amount, found[kind] ?? NOTHING)] as const,
  );
  return Object.fromEntries(missing.filter(([, { payloads }]) => payloads > 0));
}
