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
import { type Amount, amountOf, differenceOf, NOTHING, sumOf } from './loss-counts.ts';
import { decodeRetryFile, type RetryFileSummary } from './retry-file.ts';
import type { Transaction } from './transaction.ts';

interface Taken {
  /** Position of the `done` byte of each record, by the record's number. */
  readonly doneAt: readonly number[];
  readonly transactions: ReadonlyMap<number, Transaction>;
  /** Numbers of records that are neither settled nor put back. */
  readonly open: Set<number>;
  putBack: number;
}

/** What is in a file that was read. */
export interface TakenFile {
  readonly transactions: readonly Transaction[];
  /** What an earlier process had settled already, and is heard of now. */
  readonly settledBefore: Readonly<Record<string, Amount>>;
  /** Some of it is not as it was written. */
  readonly damaged: boolean;
  /** What should be in it and is not. */
  readonly missing: Readonly<Record<string, Amount>>;
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
  /**
   * Positions of records known to be settled: by this process, should their mark not have reached the disk, and by an
   * earlier one.
   */
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

  /** Reads the file and takes what is left in it. */
  async take(): Promise<TakenFile> {
    const { records: read, done, damaged } = decodeRetryFile(await readFile(this.path));
    const records = read.filter(({ doneAt }) => !this.#settledAt.has(doneAt));
    const settledBefore = sumKinds(done.filter(({ doneAt }) => !this.#settledAt.has(doneAt)));
    for (const { doneAt } of done) this.#settledAt.add(doneAt);
    const transactions = records.map(({ transaction }, index): Transaction => {
      transaction.stored = { file: this.name, index };
      return transaction;
    });
    const found = sumKinds(transactions.map((one) => ({ kind: one.kind, amount: amountOf(one) })));
    const missing = subtractKinds(subtractKinds(this.left, found), settledBefore);
    this.left = found;
    this.#taken = {
      doneAt: records.map(({ doneAt }) => doneAt),
      transactions: new Map(transactions.entries()),
      open: new Set(transactions.keys()),
      putBack: 0,
    };
    return { transactions, settledBefore, damaged, missing };
  }

  /** One transaction is done with. Resolves to true when all of them are. */
  async settle(index: number): Promise<boolean> {
    const taken = this.#taken;
    const transaction = taken?.transactions.get(index);
    if (taken === undefined || transaction === undefined || !taken.open.delete(index)) return false;
    const { kind } = transaction;
    this.left[kind] = differenceOf(this.left[kind] ?? NOTHING, amountOf(transaction));
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

function sumKinds(
  parts: readonly { readonly kind: string; readonly amount: Amount }[],
): Record<string, Amount> {
  const sums: Record<string, Amount> = {};
  for (const { kind, amount } of parts) sums[kind] = sumOf(sums[kind] ?? NOTHING, amount);
  return sums;
}

function subtractKinds(
  expected: Readonly<Record<string, Amount>>,
  found: Readonly<Record<string, Amount>>,
): Record<string, Amount> {
  const missing = Object.entries(expected).map(
    ([kind, amount]) => [kind, differenceOf(amount, found[kind] ?? NOTHING)] as const,
  );
  return Object.fromEntries(missing.filter(([, { payloads }]) => payloads > 0));
}
