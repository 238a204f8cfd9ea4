import { describe, expect, it } from 'vitest';
import { intakeBase, type ListenerSettings, listDomains } from './intake-domains.ts';

const NONE: ListenerSettings = { dd_url: '', site: 'datadoghq.com', api_key: '', additional_endpoints: {} };
const list = (settings: Partial<ListenerSettings>) => listDomains({ ...NONE, ...settings }, '1.2.3');

describe('listDomains', () => {
  it('has nothing without a key', () => {
    expect(list({})).toEqual({ domains: [], withoutKeys: [] });
  });

  it('an API key is all it takes', () => {
    expect(list({ api_key: 'k' }).domains).toEqual([
      {
        url: 'https://app.datadoghq.com',
        base: 'https://1-2-3-app.agent.datadoghq.com',
        validationBase: 'https://api.datadoghq.com',
        keys: ['k'],
      },
    ]);
  });

  it('takes dd_url for the intake of the site', () => {
    expect(list({ api_key: 'k', dd_url: 'http://127.0.0.1:8080/' }).domains).toEqual([
      {
        url: 'http://127.0.0.1:8080',
        base: 'http://127.0.0.1:8080',
        validationBase: 'http://127.0.0.1:8080',
        keys: ['k'],
      },
    ]);
  });

  it('has each domain and each of its keys once', () => {
    const { domains } = list({
      api_key: 'a',
      additional_endpoints: {
        'https://app.datadoghq.com/': ['a', ' b ', 'b'],
        'https://app.datadoghq.eu': ['c'],
      },
    });
    expect(domains.map(({ url, keys }) => [url, keys])).toEqual([
      ['https://app.datadoghq.com', ['a', 'b']],
      ['https://app.datadoghq.eu', ['c']],
    ]);
  });

  it('names endpoints without keys', () => {
    const { domains, withoutKeys } = list({
      additional_endpoints: { 'https://a.test': [], 'https://b.test': ['k'] },
    });
    expect(domains.map(({ url }) => url)).toEqual(['https://b.test']);
    expect(withoutKeys).toEqual(['https://app.datadoghq.com', 'https://a.test']);
  });
});

describe('intakeBase', () => {
  it.each([
    ['https://app.datadoghq.com', 'https://1-2-3-app.agent.datadoghq.com'],
    ['https://app.datadoghq.eu', 'https://1-2-3-app.agent.datadoghq.eu'],
    ['https://app.us3.datadoghq.com', 'https://1-2-3-app.agent.us3.datadoghq.com'],
    ['https://us5.datadoghq.com', 'https://1-2-3-app.agent.us5.datadoghq.com'],
    ['https://app.ddog-gov.com', 'https://1-2-3-app.agent.ddog-gov.com'],
    ['https://app.datadoghq.com:8443/x', 'https://1-2-3-app.agent.datadoghq.com:8443/x'],
    ['https://intake.example.com', 'https://intake.example.com'],
    ['https://app.datadoghq.com.evil.test', 'https://app.datadoghq.com.evil.test'],
    ['https://notdatadoghq.com', 'https://notdatadoghq.com'],
    ['https://appdatadoghq.com', 'https://appdatadoghq.com'],
  ])('%s is %s', (url, base) => {
    expect(intakeBase(url, '1.2.3-beta.1')).toBe(base);
  });
});
