import { expect, it } from 'vitest';
import { CopyBudget } from './copy-budget.ts';

it('lets a tenth of a second have a tenth of the bytes, and the next one as much again', () => {
  const budget = new CopyBudget(1000);
  expect(budget.isSpent(50)).toBe(false);
  budget.spend(99);
  expect(budget.isSpent(50.09)).toBe(false);
  // What is begun is copied whole.
  budget.spend(99);
  expect(budget.isSpent(50.09)).toBe(true);
  expect(budget.isSpent(50.1)).toBe(false);
  budget.spend(100);
  expect(budget.isSpent(50.19)).toBe(true);
});

it('begins a window when the clock goes back', () => {
  const budget = new CopyBudget(1000);
  expect(budget.isSpent(50)).toBe(false);
  budget.spend(100);
  expect(budget.isSpent(50.05)).toBe(true);
  expect(budget.isSpent(20)).toBe(false);
});
