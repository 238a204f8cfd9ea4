import { expect, it } from 'vitest';
import { Undo } from './undo.ts';

function recorder() {
  const errors: unknown[] = [];
  const nothing = (): void => undefined;
  const log = {
    error: (fields: object) => errors.push(fields),
    warn: nothing,
    info: nothing,
    debug: nothing,
  };
  return { undo: new Undo(log), errors };
}

it('closes what was opened last first, and waits for each', async () => {
  const { undo } = recorder();
  const closed: string[] = [];
  undo.add(() => closed.push('sockets'));
  undo.add(async () => {
    await Promise.resolve();
    closed.push('outputs');
  });
  await undo.run();
  expect(closed).toEqual(['outputs', 'sockets']);
});

it('closes the rest when one cannot be closed, and says so', async () => {
  const { undo, errors } = recorder();
  const closed: string[] = [];
  const failure = new Error('busy');
  undo.add(() => closed.push('sockets'));
  undo.add(() => Promise.reject(failure));
  undo.add(() => {
    throw failure;
  });
  await undo.run();
  expect(closed).toEqual(['sockets']);
  expect(errors).toEqual([{ err: failure }, { err: failure }]);
});

it('undoes nothing twice', async () => {
  const { undo } = recorder();
  let times = 0;
  undo.add(() => times++);
  await undo.run();
  await undo.run();
  expect(times).toBe(1);
});
