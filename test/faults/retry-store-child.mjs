/**
 * Writes, takes, settles and puts back transactions in a folder until it is killed. Says on standard output, before it
 * goes on: `stored ID`, `sent ID` (what a receiver would have got), `acked ID` (known to be received, and marked).
 *
 * Usage: node retry-store-child.mjs FOLDER ROUND; it begins when something comes on standard input.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../dist/lib/time/clock.js';
import { LossCounts } from '../../dist/outputs/retry-queue/loss-counts.js';
import { RetryStore } from '../../dist/outputs/retry-queue/retry-store.js';

const [folder, round] = process.argv.slice(2);
const say = (word, ids) => writeSync(1, ids.map((id) => `${word} ${id}\n`).join(''));
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: ({ err }) => say('error', [err?.message]),
};

const store = new RetryStore({
  folder,
  bytesMax: 1e9,
  diskRatioMax: 1,
  ageMaxMs: 1e12,
  clock: systemClock,
  random: Math.random,
  losses: new LossCounts(),
  log,
});

let made = 0;
function makeTransactions() {
  return Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => {
    const id = `${round}-${made++}`;
    return {
      kind: 'series',
      route: '/api/v2/series',
      destination: 'd',
      priority: 'normal',
      createdAt: Date.now(),
      headers: {},
      body: Buffer.from(id.padEnd(1 + Math.floor(Math.random() * 5000))),
      itemCount: 1,
      pointCount: 1,
      errors: 0,
    };
  });
}

const idOf = ({ body }) => body.toString().trim();

async function write() {
  const transactions = makeTransactions();
  if (await store.write(transactions)) say('stored', transactions.map(idOf));
}

async function send() {
  for (const transaction of await store.takeNext()) {
    if (Math.random() < 0.3) {
      store.putBack(transaction.stored);
      continue;
    }
    say('sent', [idOf(transaction)]);
    store.settle(transaction.stored);
    await store.settled();
    say('acked', [idOf(transaction)]);
  }
}

// Started ahead of its time: the one before it still lives.
await new Promise((resolve) => process.stdin.once('data', resolve));
await store.open();
say('ready', [round]);
for (;;) await Promise.all([write(), Math.random() < 0.8 ? send() : undefined]);
