import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, refuseWebPage } from './web-guard.ts';

const LOCAL = { loopbackOnly: true };

describe('refuseWebPage', () => {
  it.each([
    { host: '127.0.0.1:8127' },
    { host: 'localhost:8127' },
    { host: 'LOCALHOST' },
    { host: '[::1]:8127' },
    { host: 'localhost:8127', origin: 'http://localhost:8127', 'sec-fetch-site': 'same-origin' },
    { host: '127.0.0.1', 'sec-fetch-site': 'none' },
  ])('lets %j through', (headers) => {
    expect(refuseWebPage(headers, LOCAL)).toBeUndefined();
  });

  it.each([
    { host: 'evil.example:8127' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost:8127', origin: 'https://evil.example' },
    { host: 'localhost:8127', origin: 'http://localhost:3000' },
    { host: 'localhost:8127', origin: 'null' },
    { host: 'localhost:8127', 'sec-fetch-site': 'cross-site' },
    { host: 'localhost:8127', 'sec-fetch-site': 'same-site' },
    {},
  ])('refuses %j', (headers) => {
    expect(refuseWebPage(headers, LOCAL)).toMatch(/refused|does not answer/);
  });

  it('answers to any name when bound to more than this machine, and still refuses other sites', () => {
    expect(refuseWebPage({ host: 'whippet.svc:8127' }, { loopbackOnly: false })).toBeUndefined();
    expect(
      refuseWebPage({ host: 'whippet.svc:8127', origin: 'http://other' }, { loopbackOnly: false }),
    ).toBeDefined();
  });

  it('answers to further names it is told', () => {
    expect(
      refuseWebPage({ host: 'dsd.test:1' }, { loopbackOnly: true, hosts: ['dsd.test'] }),
    ).toBeUndefined();
  });
});

describe('isLoopbackAddress', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('takes %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  });
  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.com'])('does not take %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(false);
  });
});
