import { describe, expect, it } from 'vitest';
import { Budget } from './budget.ts';

describe('a budget', () => {
  it('has room up to its limit', () => {
    const budget = new Budget(2);
    budget.acquire();
    expect(budget.hasRoom).toBe(true);
    budget.acquire();
    expect(budget.hasRoom).toBe(false);
    expect(budget.give()).toBe(false);
    expect(budget.hasRoom).toBe(true);
  });

  it('refuses all after one until a tenth is free, and says so once', () => {
    const budget = new Budget(10);
    for (let i = 0; i < 10; i++) budget.acquire();
    budget.refuse();
    expect(budget.give()).toBe(false);
    expect(budget.hasRoom).toBe(false);
    expect(budget.give()).toBe(true);
    expect(budget.hasRoom).toBe(true);
    expect(budget.give()).toBe(false);
  });

  it('of one has room again when the one is gone', () => {
    const budget = new Budget(1);
    budget.acquire();
    budget.refuse();
    expect(budget.give()).toBe(true);
  });
});
