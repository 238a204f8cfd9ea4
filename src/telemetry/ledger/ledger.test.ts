import { describe, expect, it } from 'vitest';
import { imbalanceOf, type LedgerEntry, ledgerMetrics, type Totals, totalsFor } from './ledger.ts';
import { lossesOf, wordsOf } from './losses.ts';

interface Source {
  readonly seen: number;
  readonly lost: number;
}

const TABLE: readonly LedgerEntry<Source>[] = [
  { unit: 'messages', outcome: 'received', reason: '', help: 'A.', count: ({ seen }) => seen },
  {
    unit: 'messages',
    outcome: 'accepted',
    reason: 'metric',
    help: 'B.',
    count: ({ seen, lost }) => seen - lost,
  },
  {
    unit: 'messages',
    outcome: 'dropped',
    reason: 'metric:full',
    help: 'C.',
    remedy: 'do D',
    count: ({ lost }) => lost,
  },
  { unit: 'packets', outcome: 'received', reason: '', help: 'E.', count: () => 1 },
];
const SOURCES: Source[] = [
  { seen: 5, lost: 2 },
  { seen: 7, lost: 0 },
];

describe('a row of totals', () => {
  const [messages, packets] = totalsFor('listener', 'udp', TABLE, SOURCES) as [Totals, Totals];

  it('is the sum over the sources, one for each unit', () => {
    expect(messages).toEqual({
      stage: 'listener',
      name: 'udp',
      unit: 'messages',
      received: 12,
      accepted: { metric: 10 },
      rejected: {},
      filtered: {},
      dropped: { 'metric:full': 2 },
      held: {},
    });
    expect(packets).toMatchObject({ unit: 'packets', received: 2, accepted: {} });
  });

  it('says what its equation misses', () => {
    expect(imbalanceOf(messages)).toBe(0);
    expect(imbalanceOf(packets)).toBe(2);
  });

  it('becomes metrics with its place and reason as labels', () => {
    const metrics = ledgerMetrics([messages, packets]);
    expect(metrics.map(({ name }) => name)).toEqual([
      'whippet_listener_messages_total',
      'whippet_listener_messages_accepted_total',
      'whippet_listener_messages_dropped_total',
      'whippet_listener_packets_total',
    ]);
    expect(metrics[1]?.samples).toEqual([{ labels: { listener: 'udp', message_type: 'metric' }, value: 10 }]);
    expect(metrics[2]?.samples).toEqual([
      { labels: { listener: 'udp', message_type: 'metric', reason: 'full' }, value: 2 },
    ]);
  });

  it('names its losses in words, and none where nothing was lost', () => {
    const words = new Map(wordsOf('listener', TABLE));
    expect(lossesOf([messages, packets], words)).toEqual([
      {
        stage: 'listener',
        name: 'udp',
        unit: 'messages',
        reason: 'metric:full',
        count: 2,
        help: 'C.',
        remedy: 'do D',
      },
    ]);
    expect(lossesOf(totalsFor('listener', 'udp', TABLE, [{ seen: 5, lost: 0 }]), words)).toEqual([]);
  });
});
