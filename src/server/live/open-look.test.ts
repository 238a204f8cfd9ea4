import { expect, it } from 'vitest';
import type { OpenValue } from '../../model/open-value.ts';
import { Inbox } from '../threads/inbox.ts';
import { OpenLook } from './open-look.ts';

const VALUE: OpenValue = { id: 1, start: 0, interval: 10, data: { kind: 'counter', sum: 2 } };

function make(isFlushing: () => boolean) {
  let merges = 0;
  const look = new OpenLook({
    lookers: {
      mergeOpen: async () => {
        merges++;
      },
    },
    inbox: new Inbox(),
    sampler: {
      *lookSteps(visit) {
        yield;
        visit(VALUE);
      },
    },
    isFlushing,
  });
  return { look, merges: () => merges };
}

it('shows what is open, and scrapes at the same time share one look', async () => {
  const { look, merges } = make(() => false);
  const seen: OpenValue[] = [];
  await Promise.all([1, 2, 3].map(() => look.refresh((value) => void seen.push(value))));
  expect([seen, merges()]).toEqual([[VALUE], 1]);
  await look.refresh((value) => void seen.push(value));
  expect([seen.length, merges()]).toEqual([2, 2]);
});

it('looks at nothing while a flush is under way, also one that began meanwhile', async () => {
  const seen: OpenValue[] = [];
  await make(() => true).look.refresh((value) => void seen.push(value));
  let asked = 0;
  await make(() => ++asked > 1).look.refresh((value) => void seen.push(value));
  expect(seen).toEqual([]);
});
