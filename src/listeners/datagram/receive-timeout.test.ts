import { expect, it } from 'vitest';
import {
  EMPTY_RECEIVES_MIN,
  RECEIVE_TIMEOUT_MS,
  REST_TIMEOUT_MS,
  ReceiveTimeout,
} from './receive-timeout.ts';

it('a socket at rest waits longer, and as before from its first packet on', () => {
  const set: number[] = [];
  const timeout = new ReceiveTimeout((ms) => set.push(ms));
  for (let i = 0; i < EMPTY_RECEIVES_MIN - 1; i++) timeout.noteEmpty();
  timeout.noteActive();
  expect(set).toEqual([RECEIVE_TIMEOUT_MS]);
  for (let i = 0; i < 3 * EMPTY_RECEIVES_MIN; i++) timeout.noteEmpty();
  expect(set).toEqual([RECEIVE_TIMEOUT_MS, REST_TIMEOUT_MS]);
  timeout.noteActive();
  timeout.noteActive();
  expect(set).toEqual([RECEIVE_TIMEOUT_MS, REST_TIMEOUT_MS, RECEIVE_TIMEOUT_MS]);
});
