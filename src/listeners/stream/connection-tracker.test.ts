import { describe, expect, it } from 'vitest';
import type { ConnectionView } from '../../model/connection.ts';
import { ConnectionTracker, type Tracked } from './connection-tracker.ts';

/** A connection that ends at the given step of a stop, or at once when it is idle. */
class FakeConnection implements Tracked {
  lastReceived: number;
  readonly steps: string[] = [];
  private readonly endsAt: string;
  private readonly end: () => void;

  constructor(tracker: ConnectionTracker, endsAt = '', lastReceived = 0) {
    this.lastReceived = lastReceived;
    this.endsAt = endsAt;
    this.end = () => {
      tracker.remove(this);
      tracker.leave(0);
    };
    tracker.add(this);
  }

  view(): ConnectionView {
    const counts = { packets: 0, bytes: 0, waiting: false, lastError: null };
    return { id: 1, listener: 'unix', peer: {}, since: 0, lastReceived: this.lastReceived, ...counts };
  }

  halfClose(): void {
    this.step('halfClose');
  }

  endReading(): void {
    this.step('endReading');
  }

  cutOff(): void {
    this.step('cutOff');
  }

  closeIdle(): void {
    this.step('closeIdle');
  }

  private step(step: string): void {
    this.steps.push(step);
    if (step === this.endsAt) this.end();
  }
}

function open(tracker: ConnectionTracker, endsAt?: string, lastReceived?: number): FakeConnection {
  expect(tracker.admit(0)).toBe(true);
  return new FakeConnection(tracker, endsAt, lastReceived);
}

describe('a connection tracker', () => {
  it('admits so many, and others when some have left', () => {
    const tracker = new ConnectionTracker({ connectionsMax: 2 });
    expect([tracker.admit(0), tracker.admit(0), tracker.admit(0)]).toEqual([true, true, false]);
    tracker.leave(0);
    expect(tracker.admit(0)).toBe(true);
    expect(tracker.open).toBe(2);
  });

  it('gives no number twice', () => {
    const tracker = new ConnectionTracker({ connectionsMax: 1 });
    expect(new Set(Array.from({ length: 100 }, () => tracker.nextId())).size).toBe(100);
  });

  it('closes connections from which nothing has come for long, and no other', () => {
    const tracker = new ConnectionTracker({ connectionsMax: 2 });
    const [idle, busy] = [open(tracker, 'closeIdle', 100), open(tracker, 'closeIdle', 105)];
    tracker.closeIdle(110, 10);
    expect([idle?.steps, busy?.steps]).toEqual([['closeIdle'], []]);
    expect(tracker.open).toBe(1);
  });

  it('lists the oldest thousand and says how many more there are', () => {
    const tracker = new ConnectionTracker({ connectionsMax: 5000 });
    for (let i = 0; i < 1500; i++) open(tracker, '', i);
    const { open: total, limit, omitted, connections } = tracker.view();
    expect({ total, limit, omitted }).toEqual({ total: 1500, limit: 5000, omitted: 500 });
    expect(connections.map(({ lastReceived }) => lastReceived)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i),
    );
  });

  it('stops in steps, each for those that the one before did not end', async () => {
    const tracker = new ConnectionTracker({ connectionsMax: 3, graceMs: 5, drainMs: 5 });
    const all = ['halfClose', 'endReading', 'cutOff'].map((step) => open(tracker, step));
    await tracker.stop();
    expect(all.map(({ steps }) => steps)).toEqual([
      ['halfClose'],
      ['halfClose', 'endReading'],
      ['halfClose', 'endReading', 'cutOff'],
    ]);
    expect(tracker.open).toBe(0);
  });

  it('stops at once without connections, and as soon as the last one is gone', async () => {
    const tracker = new ConnectionTracker({ connectionsMax: 1, graceMs: 60_000 });
    await tracker.stop();
    open(tracker, 'halfClose');
    await tracker.stop();
    expect(tracker.open).toBe(0);
  });
});

describe('the places of several listeners', () => {
  it.each([
    [4096, 2, 1024],
    [4096, 3, 682],
    [10, 2, 2],
    [2, 2, 1],
    [3, 2, 1],
    [1, 2, 0],
    [7, 1, 0],
  ])('are %i for %i, of which each keeps %i whatever the others do', (connectionsMax, listeners, kept) => {
    for (let last = 0; last < listeners; last++) {
      const tracker = new ConnectionTracker({ connectionsMax, listeners });
      // All others take what they can get.
      for (let other = 0; other < listeners; other++) if (other !== last) while (tracker.admit(other));
      let got = 0;
      while (tracker.admit(last)) got++;
      expect(got).toBe(listeners === 1 ? connectionsMax : kept);
      expect(tracker.open).toBe(connectionsMax);
      tracker.leave(last === 0 && listeners > 1 ? 1 : 0);
      expect(tracker.open).toBe(connectionsMax - 1);
    }
  });
});
