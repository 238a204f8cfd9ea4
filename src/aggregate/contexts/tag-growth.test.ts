import { describe, expect, it } from 'vitest';
import { TagGrowth } from './tag-growth.ts';

describe('the growth of tags', () => {
  it('names the key with the most values first, with examples', () => {
    const growth = new TagGrowth();
    for (let i = 0; i < 100; i++) growth.add(['env:prod', `request_id:r${i}`, `user:u${i % 10}`, 'beta']);
    const [first, second] = growth.report(5);
    expect(first).toMatchObject({ key: 'request_id', examples: ['r0', 'r1', 'r2', 'r3', 'r4'] });
    expect(first?.distinct).toBeGreaterThan(85);
    expect(second).toMatchObject({ key: 'user', distinct: 10 });
    expect(growth.report(5)).toContainEqual({ key: '(no key)', distinct: 1, examples: ['beta'] });
    expect(growth.report(1)).toHaveLength(1);
  });

  it('says so when it is the keys that grow', () => {
    const growth = new TagGrowth();
    for (let i = 0; i < 1000; i++) growth.add([`user_${i}:true`, 'env:prod']);
    expect(growth.report(1)).toMatchObject([{ key: '(tag keys)' }]);
    expect(growth.report(100).length).toBeLessThan(40);
  });

  it('looks at long values only when it is told to', () => {
    const growth = new TagGrowth();
    growth.add(['env:prod', `query:${'x'.repeat(300)}`], 200);
    expect(growth.report(5)).toEqual([{ key: 'query', distinct: 1, examples: ['x'.repeat(64)] }]);
  });

  it('shows texts as people read them', () => {
    const growth = new TagGrowth();
    growth.add(['caf\xc3\xa9:\xc3\xa9']);
    expect(growth.report(1)).toEqual([{ key: 'café', distinct: 1, examples: ['é'] }]);
  });
});
