import { describe, expect, it } from 'vitest';
import { chooseProxy } from './proxy-choice.ts';

const choose = (url: string, noProxy: string[], nonexact = true): string | undefined =>
  chooseProxy(new URL(url), { http: 'http://plain:1', https: 'tls:2', noProxy, nonexact });

describe('chooseProxy', () => {
  it('takes the proxy of the scheme', () => {
    expect(choose('http://a.test', [])).toBe('http://plain:1');
    expect(choose('https://a.test', [])).toBe('http://tls:2');
    const none = { http: '', https: '', noProxy: [], nonexact: true };
    expect(chooseProxy(new URL('https://a.test'), none)).toBeUndefined();
  });

  it.each([
    ['https://a.test', 'a.test'],
    ['https://x.a.test', 'a.test'],
    ['https://x.a.test', '.a.test'],
    ['https://x.a.test', '*.a.test'],
    ['https://A.test', ' a.TEST '],
    ['https://a.test', '*'],
    ['https://a.test', 'a.test:443'],
    ['http://a.test:81', 'a.test:81'],
    ['http://10.1.2.3', '10.1.2.3'],
    ['http://10.1.2.3', '10.1.0.0/16'],
    ['http://[fd00::1]', 'fd00::/8'],
    ['http://[fd00::1]:80', '[fd00::1]'],
  ])('reaches %s directly for %s', (url, entry) => {
    expect(choose(url, ['other.test', entry])).toBeUndefined();
  });

  it.each([
    ['https://a.test', '.a.test'],
    ['https://ba.test', 'a.test'],
    ['https://a.test', 'x.a.test'],
    ['https://a.test:8443', 'a.test:443'],
    ['https://a.test', ''],
    ['http://10.1.2.3', '10.2.0.0/16'],
    ['http://10.1.2.3', '10.1.0.0/99'],
    ['http://10.1.2.3', 'fd00::/8'],
    ['http://a.test', '10.0.0.0/8'],
    ['http://210.1.2.3', '10.1.2.3'],
  ])('goes to %s through the proxy for %s', (url, entry) => {
    expect(choose(url, [entry])).toBeDefined();
  });

  it('compares with host and port as they stand in the URL when told to be exact', () => {
    expect(choose('https://a.test', ['a.test'], false)).toBeUndefined();
    expect(choose('https://a.test:81', ['a.test:81'], false)).toBeUndefined();
    expect(choose('https://x.a.test', ['a.test', '.a.test', '*'], false)).toBeDefined();
    expect(choose('https://a.test:81', ['a.test'], false)).toBeDefined();
  });
});
