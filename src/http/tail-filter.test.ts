import { expect, test } from 'vitest';
import type { TailLine } from '../model/live/line-views.ts';
import { tailFilter } from './tail-filter.ts';

const NONE = { search: '', outcome: '', origin: '', type: '', name: '', tag: '' };
const LINE: TailLine = {
  ...{ line: 'page.views:1|c|#env:prod,team:x|T17', at: 0, listener: 'udp', outcome: 'accepted' },
  ...{
    origin: 'container 3f2a',
    name: 'shop.page.views',
    type: 'counter',
    reason: '',
    words: '',
    remedy: '',
  },
  ...{ caret: null, corrected: null },
};

test.each([
  [{}, true],
  [{ outcome: 'accepted' }, true],
  [{ outcome: 'rejected,filtered' }, false],
  [{ outcome: 'rejected,accepted' }, true],
  [{ type: 'c' }, true],
  [{ type: 'g,d' }, false],
  [{ type: 'counter' }, true],
  [{ name: 'page' }, true],
  [{ name: 'shop.*' }, true],
  [{ name: 'page.*' }, false],
  [{ name: 'shop*views' }, true],
  [{ name: 'shop.page.view.' }, false],
  [{ origin: '3f2a' }, true],
  [{ origin: 'pod *' }, false],
  [{ tag: 'env' }, true],
  [{ tag: 'env:prod,team' }, true],
  [{ tag: 'env:pro' }, false],
  [{ tag: 'T17' }, false],
])('%j fits the line: %s', (query, want) => {
  expect(tailFilter({ ...NONE, ...query })(LINE)).toBe(want);
});

test('a line without a type fits no type', () => {
  expect(tailFilter({ ...NONE, type: 'c' })({ ...LINE, type: null })).toBe(false);
});
