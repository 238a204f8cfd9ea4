/**
 * Every counter that says that something was not taken leads to the ledger, and from there to `losses`, `whippet status`
 * and its exit code. Whoever adds a counter either gives it a line in the ledger or says here why nothing is lost by it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CORE_COUNTERS } from '../src/telemetry/counters/core-counters.ts';
import { HTTP_COUNTERS, makeHttpCounts } from '../src/telemetry/counters/http-counters.ts';
import {
  SHARD_COUNTER_BYTES,
  SHARD_COUNTERS,
  ShardCounters,
} from '../src/telemetry/counters/shard-counters.ts';
import type { ThreadCounts } from '../src/telemetry/counters/thread-counts.ts';
import { FORWARD_LEDGER } from '../src/telemetry/ledger/forward-ledger.ts';
import { HTTP_LEDGER } from '../src/telemetry/ledger/http-ledger.ts';
import type { LedgerEntry } from '../src/telemetry/ledger/ledger.ts';
import { totalsFor } from '../src/telemetry/ledger/ledger.ts';
import { LOSS_WORDS } from '../src/telemetry/ledger/ledger-words.ts';
import { LISTENER_LEDGER } from '../src/telemetry/ledger/listener-ledger.ts';
import { lossesOf } from '../src/telemetry/ledger/losses.ts';

/** Listeners whose totals together have every line. */
const LISTENERS = ['udp', 'unixgram', 'unix', 'tcp', 'named_pipe', 'http'];

/** Counters by which nothing is lost, each with the reason. */
const NOTHING_LOST: Readonly<Record<string, string>> = {
  // Of the core.
  packets: 'processed',
  bytes: 'processed',
  lines: 'received',
  samples: 'received',
  lineHits: 'accepted',
  tagSetHits: 'accepted',
  lineMisses: 'goes the cold path, which decides',
  lineTableFull: 'the line takes the cold path each time',
  timestampedSamples: 'accepted',
  cachedLines: 'a state',
  contextSlots: 'a state',
  evictedLines: 'the line takes the cold path the next time',
  memoryFull: 'the lines and values that it costs are counted as such',
  // Of the shard.
  metrics: 'accepted',
  events: 'accepted',
  serviceChecks: 'accepted',
  receiveCalls: 'a call',
  emptyReceives: 'a call',
  receiveErrors: 'what a failed call did not bring is still in the socket',
  receivedPackets: 'received',
  backlogPackets: 'waited',
  backlogHeldPackets: 'held',
  backlogHeldBytes: 'held',
  backlogHeldMessages: 'held',
  backlogOldestAt: 'a state',
  backlogFull: 'the socket waits',
  unknownFields: 'the message is accepted without the field, as the protocol says',
  badOriginFields: 'the message is accepted without the field',
  newContexts: 'accepted',
  lateSeals: 'the bucket stays open',
  relativeGaugesForgotten: 'the change is accepted, and counts from 0',
  // Of origin detection: it says whose a message is.
  originPackets: 'accepted',
  originErrors: 'the message is accepted without the tags of its sender',
  originInvisible: 'the message is accepted without the tags of its sender',
  originTruncated: 'the message is accepted without the tags of its sender',
  originPassedDescriptors: 'closed; the message is accepted',
  originReplayRefused: 'the message is accepted with the tags of its real sender',
  originWaitingMessages: 'held',
  originResolvedLate: 'accepted',
  originGaveUp: 'the message is accepted without the tags of its sender',
  originNoRoom: 'the message is accepted at once, without waiting for tags',
  // Of streams.
  connectionsOpened: 'received',
  connectionsEnded: 'accepted',
  connectionsIdle: 'ended; what it cut is counted as a line or a frame',
  connectionsBroken: 'ended; what it cut is counted as a line or a frame',
  acceptErrors: 'the connection waits, and is accepted later',
  connectionWaits: 'waited',
  framesEmpty: 'an empty frame holds nothing',
  // Of HTTP.
  connections: 'accepted',
  taken: 'accepted',
  underWay: 'held',
  // Of forwarding.
  forwardedPackets: 'accepted',
  forwardedBytes: 'accepted',
  forwardUnsentPackets: 'held',
  forwardRefusals: 'packets before were sent; those that are refused are counted as such',
};
/** The rate limiter has sockets wait. */
const isOfTheLimiter = (name: string): boolean => name.startsWith('limiter');

function threadWith(counter: string): ThreadCounts {
  const core = new Float64Array(64);
  const counters = new ShardCounters(new ArrayBuffer(SHARD_COUNTER_BYTES), 0);
  if (counter in CORE_COUNTERS) core[CORE_COUNTERS[counter as keyof typeof CORE_COUNTERS]] = 1;
  else counters.add(counter as (typeof SHARD_COUNTERS)[number]);
  return { listener: 'any', core, counters };
}

/** What the ledger says was dropped, rejected or filtered when this counter is 1. */
function notTaken<Source>(tables: readonly (readonly LedgerEntry<Source>[])[], source: Source): string[] {
  return tables.flatMap((table) =>
    LISTENERS.flatMap((listener) =>
      totalsFor('listener', listener, table, [source]).flatMap(({ unit, dropped, rejected, filtered }) =>
        Object.entries({ ...dropped, ...rejected, ...filtered })
          .filter(([, count]) => count > 0)
          .map(([reason]) => `${unit} ${reason}`),
      ),
    ),
  );
}

const names = [...new Set([...Object.keys(CORE_COUNTERS), ...SHARD_COUNTERS])];

describe('a counter of a listener thread', () => {
  it.each(
    names,
  )('%s says that something was not taken and is in the ledger, or nothing is lost by it', (name) => {
    const found = notTaken([LISTENER_LEDGER, FORWARD_LEDGER], threadWith(name));
    const isHarmless = name in NOTHING_LOST || isOfTheLimiter(name);
    expect(found.length > 0, `${name}: ${found.join(', ') || 'not in the ledger'}`).toBe(!isHarmless);
  });
});

describe('a counter of HTTP', () => {
  it.each(
    HTTP_COUNTERS,
  )('%s says that something was not taken and is in the ledger, or nothing is lost by it', (name) => {
    const found = notTaken([HTTP_LEDGER], { ...makeHttpCounts(), [name]: 1 });
    expect(found.length > 0).toBe(!(name in NOTHING_LOST));
  });
});

describe('what the ledger calls dropped', () => {
  it('is among the losses, with words of its own', () => {
    for (const [table, stage] of [
      [LISTENER_LEDGER, 'listener'],
      [HTTP_LEDGER, 'listener'],
      [FORWARD_LEDGER, 'forward'],
    ] as const)
      for (const { outcome, unit, reason, help } of table) {
        if (outcome !== 'dropped') continue;
        const losses = lossesOf([{ stage, name: 'x', unit, dropped: { [reason]: 1 } }], LOSS_WORDS);
        expect(losses).toMatchObject([{ unit, reason, count: 1 }]);
        expect(losses[0]?.help).not.toBe('Dropped.');
        expect(help).not.toBe('');
      }
  });
});

/**
 * Metrics of the server whose names speak of a loss and that do not come from the ledger: each has a reason for it.
 * Those of outputs are checked by the ledger's own tests, which hold their totals to their equation.
 */
const METRICS: Readonly<Record<string, string>> = {
  whippet_listener_packets_truncated_total: 'packets dropped, truncated',
  whippet_kernel_packets_dropped_total: 'stage kernel of the losses',
  whippet_listener_receive_errors_total: 'nothing lost',
  whippet_listener_accept_errors_total: 'nothing lost',
  whippet_listener_connections_failed_total: 'what they cut is counted as lines and frames',
  whippet_listener_backlog_full_total: 'nothing lost',
  whippet_listener_listeners_failed_total: 'notListening of the ledger',
  whippet_listener_rate_limiter_checks_skipped_total: 'a look at memory',
  whippet_listener_rate_limiter_read_errors_total: 'a look at memory',
};

it('no metric of the listeners speaks of a loss that the ledger does not have', () => {
  const root = fileURLToPath(new URL('../src', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const speaksOfLoss = /drop|refus|reject|fail|lost|error|cut|trunc|skip|discard|too_long|full|overflow|miss/;
  const found = files
    .flatMap(
      (file) => readFileSync(join(root, file), 'utf8').match(/whippet_(listener|kernel|http)_[a-z_]+/g) ?? [],
    )
    .filter(
      (name) =>
        speaksOfLoss.test(name) && !(name in METRICS) && !/_(dropped|rejected|filtered)_total$/.test(name),
    );
  expect(found).toEqual([]);
});
