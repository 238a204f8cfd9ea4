import { describe, expect, it } from 'vitest';
import type { ExternalData, LocalData } from '../model/message.ts';
import { parseExternalData, parseLocalData } from './origin-fields.ts';

/** Expects `text` to read as `want`, with `bad` the items told to the observer. */
function check<T>(parse: (text: string, observer: object) => T, text: string, want: T, bad: string[]): void {
  const seen: string[] = [];
  expect(parse(text, { badOriginField: (item: string) => seen.push(item) })).toEqual(want);
  expect(seen).toEqual(bad);
}

describe('parseLocalData', () => {
  const accepts = (text: string, want: Partial<LocalData>) =>
    it(`reads c:${text}`, () => check(parseLocalData, text, { containerId: '', inode: 0n, ...want }, []));
  const reports = (text: string, want: Partial<LocalData>, bad: string[]) =>
    it(`reads c:${text} and reports ${bad}`, () =>
      check(parseLocalData, text, { containerId: '', inode: 0n, ...want }, bad));

  accepts('', {});
  accepts('abc', { containerId: 'abc' });
  accepts('ci-abc', { containerId: 'abc' });
  accepts('cid-abc', { containerId: 'abc' });
  accepts('ci-', {});
  accepts('in-12', { inode: 12n });
  accepts('in-18446744073709551615', { inode: 2n ** 64n - 1n });
  accepts('ci-abc,in-12', { containerId: 'abc', inode: 12n });
  accepts('in-12,ci-abc', { containerId: 'abc', inode: 12n });
  accepts('ci-a,ci-b,in-1,in-2', { containerId: 'b', inode: 2n });
  accepts('abc,def', {});
  accepts('abc,in-5,cid-x', { inode: 5n });
  accepts(',', {});

  reports('in-', {}, ['in-']);
  reports('in-x', {}, ['in-x']);
  reports('in--1', {}, ['in--1']);
  reports('in-+1', {}, ['in-+1']);
  reports('in-18446744073709551616', { inode: 2n ** 64n - 1n }, ['in-18446744073709551616']);
  reports('in-5,in-x,ci-a', { containerId: 'a' }, ['in-x']);
  reports('in-x,in-5', { inode: 5n }, ['in-x']);
});

describe('parseExternalData', () => {
  const none: ExternalData = { init: false, containerName: '', podUid: '' };
  const accepts = (text: string, want: Partial<ExternalData>) =>
    it(`reads e:${text}`, () => check(parseExternalData, text, { ...none, ...want }, []));
  const reports = (text: string, want: Partial<ExternalData>, bad: string[]) =>
    it(`reads e:${text} and reports ${bad}`, () => check(parseExternalData, text, { ...none, ...want }, bad));

  accepts('', {});
  accepts('it-true,cn-c,pu-p', { init: true, containerName: 'c', podUid: 'p' });
  accepts('pu-p,it-1', { init: true, podUid: 'p' });
  accepts('it-t,it-F', {});
  accepts('it-false,it-TRUE', { init: true });
  accepts('cn-a,cn-b,xx-c,,plain', { containerName: 'b' });
  accepts('cn-,pu-', {});

  reports('it-', {}, ['it-']);
  reports('it-yes,cn-c', { containerName: 'c' }, ['it-yes']);
  reports('it-true,it-tRUE', {}, ['it-tRUE']);
  reports('it-01,it-true', { init: true }, ['it-01']);
});
