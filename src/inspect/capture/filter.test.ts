import { describe, expect, it } from 'vitest';
import { FilterError, TrafficFilter } from './filter.ts';
import type { CaptureRecord } from './record.ts';

const record = (text: string, rest: Partial<CaptureRecord> = {}): CaptureRecord => ({
  ...{ timestamp: 0n, pid: 0, ancillary: new Uint8Array(0), listener: '', peer: '', ...rest },
  payload: Buffer.from(text, 'latin1'),
});
const textOf = (one: CaptureRecord | undefined): string | undefined =>
  one === undefined ? undefined : Buffer.from(one.payload).toString('latin1');

const keeps = (
  filters: string[],
  text: string,
  want: string | undefined,
  rest?: Partial<CaptureRecord>,
): void => {
  expect(textOf(new TrafficFilter(filters).apply(record(text, rest)))).toBe(want);
};

describe('a filter', () => {
  it('keeps everything when it is empty', () => keeps([], 'a:1|c', 'a:1|c'));

  it('by name or tag keeps the lines that match, with their ends', () => {
    keeps(['name=web.*'], 'web.hits:1|c\napi.hits:1|c\nweb.lat:2|ms', 'web.hits:1|c\nweb.lat:2|ms');
    keeps(['name=web.*'], 'api.hits:1|c\n', undefined);
    keeps(['name!=web.*'], 'web.hits:1|c\napi.hits:1|c\n', 'api.hits:1|c\n');
    keeps(['tag=env:prod'], 'a:1|c|#env:prod,x\nb:1|c|#env:production\nc:1|c', 'a:1|c|#env:prod,x\n');
    keeps(
      ['name=Deployed'],
      '_e{8,2}:Deployed|ok\n_sc|Deployed|0\nx:1|c',
      '_e{8,2}:Deployed|ok\n_sc|Deployed|0\n',
    );
  });

  it('by sender keeps or drops whole packets', () => {
    keeps(['pid=77'], 'a:1|c', 'a:1|c', { pid: 77 });
    keeps(['pid=77'], 'a:1|c', undefined, { pid: 78 });
    keeps(['pid=77', 'pid=78'], 'a:1|c', 'a:1|c', { pid: 78 });
    keeps(['pid!=77'], 'a:1|c', undefined, { pid: 77 });
    keeps(['listener=unix*', 'peer=10.*'], 'a:1|c', undefined, { listener: 'unixgram', peer: '11.0.0.1:1' });
    keeps(['listener=unix*'], 'a:1|c', 'a:1|c', { listener: 'unixgram' });
  });

  it('by time counts from the first record', () => {
    const filter = new TrafficFilter(['after=1s', 'before=1500ms']);
    const at = (seconds: number): string | undefined =>
      textOf(filter.apply(record('a:1|c', { timestamp: BigInt(seconds * 1e9) })));
    expect([at(100), at(101), at(101.4), at(101.5), at(99)]).toEqual([
      undefined,
      'a:1|c',
      'a:1|c',
      undefined,
      undefined,
    ]);
  });

  it('needs all keys to match, and takes what is special in expressions as it is', () => {
    keeps(['name=a.b', 'tag=x'], 'axb:1|c|#x\na.b:1|c|#x\na.b:1|c', 'a.b:1|c|#x\n');
  });

  it.each(['', 'name', 'nam=x', 'name=', 'pid=x', 'after=soon', 'before=1y'])('rejects %j', (text) => {
    expect(() => new TrafficFilter([text])).toThrow(FilterError);
  });
});
