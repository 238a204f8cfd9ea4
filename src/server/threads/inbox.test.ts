import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { finish } from '../../lib/time/steps.ts';
import { Inbox } from './inbox.ts';

/** Steps that are busy for `ms` each. */
function* busy(steps: number, ms: number): Generator<void> {
  for (let i = 0; i < steps; i++) {
    const end = performance.now() + ms;
    while (performance.now() < end);
    yield;
  }
}

describe('an inbox', () => {
  it('does jobs in order, later ones not before all steps of earlier ones', async () => {
    const inbox = new Inbox();
    const notes: string[] = [];
    inbox.add(function* () {
      notes.push('a begins');
      yield* busy(5, 3);
      notes.push('a ends');
    });
    inbox.add(() => void notes.push('b'));
    await inbox.run(function* () {
      notes.push('c begins');
      yield;
      notes.push('c ends');
    });
    expect(notes).toEqual(['a begins', 'a ends', 'b', 'c begins', 'c ends']);
  });

  it('does nothing while a message is being heard', async () => {
    const inbox = new Inbox();
    let done = false;
    inbox.add(() => {
      done = true;
    });
    expect(done).toBe(false);
    await nextTurn();
    await nextTurn();
    expect(done).toBe(true);
  });

  it('lets others run between slices of a long job, and between short jobs that are long together', async () => {
    const inbox = new Inbox();
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await inbox.run(() => busy(20, 1));
    const duringOne = turns;
    for (let i = 0; i < 20; i++) inbox.add(() => finish(busy(1, 1)));
    await inbox.run(() => busy(1, 0));
    clearImmediate(timer);
    expect(duringOne).toBeGreaterThanOrEqual(3);
    expect(turns - duringOne).toBeGreaterThanOrEqual(3);
  });

  it('gives back what a job comes to', async () => {
    const inbox = new Inbox();
    const answer = inbox.run(function* () {
      yield;
      return 42;
    });
    expect(await answer).toBe(42);
  });

  it('takes a job that a job adds', async () => {
    const inbox = new Inbox();
    const notes: string[] = [];
    inbox.add(() => {
      notes.push('first');
      inbox.add(() => void notes.push('second'));
    });
    await inbox.run(() => busy(1, 0));
    await inbox.run(() => busy(1, 0));
    expect(notes).toEqual(['first', 'second']);
  });
});
