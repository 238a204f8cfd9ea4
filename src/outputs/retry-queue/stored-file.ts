/**
 * One retry file: what it holds, and how much of it has been taken for sending.
 *
 *   waiting ──take──▶ taken: each transaction is settled (acknowledged or given up) or put back
 *      ▲                │ all settled ─▶ the file is removed
 *      └── some put back┘
 *
 * A settled record is marked in the file (retry-file.ts), unless the file goes away anyway. So a process
 * that is killed sends again only what was not acknowledged.
 *
 * Counting  A transaction that was taken counts where it is now: in memory. take(), settle() and putBack() change the
 *           counts at once; what they need of the disk comes before (read) or after (mark).
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openPlainFile, readPlainFile } from '../../lib/files/plain-file.ts';
import { type Amount, amountOf, differenceOf, NOTHING, sumOf } from './loss-counts.ts';
import { type DecodedFile, decodeRetryFile, type RetryFileSummary } from './retry-file.ts';
import type { Transaction } from './transaction.ts';

interface Taken {
  /** Position of the `done` byte of each record, by the record's number. */
  readonly doneAt: readonly number[];
  /** Transactions that are neither settled nor put back, by the record's number. */
  readonly open: Map<number, Transaction>;
  putBack: number;
}

/** What is in a file that was taken. */
export interface TakenFile {
  readonly transactions: readonly Transaction[];
  /** What an earlier process had settled already, and is heard of now. */
  readonly settledBefore: Readonly<Record<string, Amount>>;
  /** Some of it is not as it was written. */
  readonly damaged: boolean;
  /** What should be in it and is not. */
  readonly missing: Readonly<Record<string, Amount>>;
  /** How much more it held than its head had promised; less than nothing when the head was wrong the other way. */
  readonly beyond: Amount;
}

/** What is to be done on disk about a settled transaction. */
export type AfterSettling = { readonly kind: 'remove' } | { readonly kind: 'mark'; readonly at: number };

export class StoredFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly newest: number;
  readonly oldest: number;
  /** What is neither settled nor lost, by kind: on disk alone, or in memory too. */
  left: Record<string, Amount>;
  /** All of it is settled: it waits only to be removed. */
  finished = false;
  private taken: Taken | undefined;
  /**
   * Positions of records known to be settled: by this process, should their mark not have reached the disk, and by an
   * earlier one.
   */
  private readonly settledAt = new Set<number>();
  private handle: FileHandle | undefined;

  constructor(path: string, name: string, bytes: number, summary: RetryFileSummary) {
    this.path = path;
    this.name = name;
    this.bytes = bytes;
    this.newest = summary.newest;
    this.oldest = summary.oldest;
    this.left = { ...summary.kinds };
  }

  get isTaken(): boolean {
    return this.taken !== undefined;
  }

  /** What waits on disk and is nowhere else. */
  get amount(): Amount {
    const taken = [...(this.taken?.open.values() ?? [])].map(amountOf).reduce(sumOf, NOTHING);
    return differenceOf(totalOf(this.left), taken);
  }

  /** The same by kind. */
  get amounts(): Record<string, Amount> {
    const open = [...(this.taken?.open.values() ?? [])];
    return subtractKinds(this.left, sumKinds(open.map((one) => ({ kind: one.kind, amount: amountOf(one) }))));
  }

  /** Reads the file; nothing changes by that. */
  async read(): Promise<DecodedFile> {
    return decodeRetryFile(await readPlainFile(this.path, this.bytes, { noFollow: true }));
  }

  /** Takes what is left in the file, as it was read. */
  take({ records: read, done, damaged }: DecodedFile): TakenFile {
    const records = read.filter(({ doneAt }) => !this.settledAt.has(doneAt));
    const settledBefore = sumKinds(done.filter(({ doneAt }) => !this.settledAt.has(doneAt)));
    for (const { doneAt } of done) this.settledAt.add(doneAt);
    const transactions = records.map(({ transaction }, index): Transaction => {
      transaction.stored = { file: this.name, index };
      return transaction;
    });
    const found = sumKinds(transactions.map((one) => ({ kind: one.kind, amount: amountOf(one) })));
    const missing = subtractKinds(subtractKinds(this.left, found), settledBefore);
    const accounted = [found, settledBefore, missing].map(totalOf).reduce(sumOf);
    const beyond = differenceOf(accounted, totalOf(this.left));
    this.left = found;
    if (transactions.length > 0) {
      this.taken = {
        doneAt: records.map(({ doneAt }) => doneAt),
        open: new Map(transactions.entries()),
        putBack: 0,
      };
    }
    return { transactions, settledBefore, damaged, missing, beyond };
  }

  /** One transaction is done with; undefined when it was not taken. */
  settle(index: number): AfterSettling | undefined {
    const taken = this.taken;
    const transaction = taken?.open.get(index);
    if (taken === undefined || transaction === undefined) return undefined;
    taken.open.delete(index);
    const { kind } = transaction;
    this.left[kind] = differenceOf(this.left[kind] ?? NOTHING, amountOf(transaction));
    const at = taken.doneAt[index] ?? 0;
    this.settledAt.add(at);
    if (taken.open.size === 0 && taken.putBack === 0) this.finished = true;
    else this.untakeIfDone();
    return this.finished ? { kind: 'remove' } : { kind: 'mark', at };
  }

  /** One transaction will not be sent now; it stays in the file. False when it was not taken. */
  putBack(index: number): boolean {
    const taken = this.taken;
    if (taken === undefined || !taken.open.delete(index)) return false;
    taken.putBack++;
    this.untakeIfDone();
    return true;
  }

  /** The file is gone: what was taken from it is in memory alone from now on. */
  forget(): void {
    for (const transaction of this.taken?.open.values() ?? []) transaction.stored = undefined;
    this.taken = undefined;
    this.left = {};
    this.finished = true;
  }

  /** Writes the mark of a settled record. Rejects with the error of the system. */
  async mark(at: number): Promise<void> {
    this.handle ??= await openPlainFile(this.path, constants.O_RDWR, { noFollow: true });
    await this.handle.write(Uint8Array.of(1), 0, 1, at);
    if (!this.isTaken) await this.close();
  }

  async close(): Promise<void> {
    const handle = this.handle;
    this.handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  private untakeIfDone(): void {
    if (this.taken?.open.size === 0) this.taken = undefined;
  }
}

function totalOf(amounts: Readonly<Record<string, Amount>>): Amount {
  return Object.values(amounts).reduce(sumOf, NOTHING);
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
