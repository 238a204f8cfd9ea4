/**
 * kill -9 at random moments while retry files are written, sent and marked: everything that was on disk is sent in the
 * end, and nothing is sent again after it was acknowledged.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/time/clock.ts';
import { LossCounts } from '../../src/outputs/retry-queue/loss-counts.ts';
import { RetryStore } from '../../src/outputs/retry-queue/retry-store.ts';
import { HeardLog, nameOf } from '../support/decode/transactions.ts';

const ROUNDS = 100;
/** A child is killed while it says one of so many lines, or a moment later. */
const LINES_MAX = 80;
const MOMENT_MS = 2;
const CHILD = fileURLToPath(new URL('./retry-store-child.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'whippet-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly word: string;
  readonly id: string;
}

/** Starts a child, which waits until it is told to begin. */
function prepare(round: number): ChildProcess {
  return spawn(process.execPath, [CHILD, folder, String(round)], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** One life of a child; what it said, whole lines only. */
async function live(child: ChildProcess): Promise<Line[]> {
  child.stdin?.on('error', () => undefined).write('go');
  let text = '';
  const lines = 1 + Math.floor(Math.random() * LINES_MAX);
  const said = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.split('\n').length > lines) resolve();
    });
  });
  const closed = once(child, 'close');
  await Promise.race([said, closed]);
  await sleep(Math.random() * MOMENT_MS);
  child.kill('SIGKILL');
  await closed;
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .trimEnd()
    .split('\n')
    .map((line) => ({ word: line.split(' ')[0] ?? '', id: line.slice(line.indexOf(' ') + 1) }));
}

it(`keeps what is on disk through ${ROUNDS} kills, and sends nothing again that was acknowledged`, async () => {
  const stored = new Set<string>();
  const sent = new Map<string, number>();
  const acked = new Set<string>();
  const collect = ({ word, id }: Line): void => {
    if (word === 'error') expect.fail(`the child failed: ${id}`);
    if (word === 'stored') stored.add(id);
    if (word === 'acked') acked.add(id);
    if (word !== 'sent') return;
    expect(acked.has(id), `${id} is sent again after it was acknowledged`).toBe(false);
    sent.set(id, (sent.get(id) ?? 0) + 1);
  };
  const children = [prepare(0), prepare(1)];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      if (round + 2 < ROUNDS) children.push(prepare(round + 2));
      for (const line of await live(children.shift() as ChildProcess)) collect(line);
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }

  const [losses, log] = [new LossCounts(), new HeardLog()];
  const about = { clock: systemClock, random: Math.random, losses, log };
  const store = new RetryStore({ folder, bytesMax: 1e9, diskRatioMax: 1, ageMaxMs: 1e12, ...about });
  expect(await store.open()).toBe(true);
  while (store.hasFiles) {
    for (const transaction of await store.takeNext()) {
      collect({ word: 'sent', id: nameOf(transaction) });
      store.settle(transaction.stored as never);
    }
    await store.settled();
  }
  await store.close();

  expect([...stored].filter((id) => !sent.has(id))).toEqual([]);
  expect(losses.list()).toEqual([]);
  expect([store.status.damaged, log.lines]).toEqual([0, []]);
  expect(readdirSync(folder)).toEqual([]);
  // It must have been worth it: much was stored, and some of it was sent while it was killed.
  expect(stored.size).toBeGreaterThan(500);
  expect(acked.size).toBeGreaterThan(100);
}, 600_000);
