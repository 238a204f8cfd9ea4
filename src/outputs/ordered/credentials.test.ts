import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CredentialSettings, Credentials, withLoginOf } from './credentials.ts';

const NONE: CredentialSettings = {
  username: '',
  password: '',
  passwordFile: '',
  bearerToken: '',
  bearerTokenFile: '',
  headers: {},
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, 'secret');
  writeFileSync(path, text);
  return path;
}

const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;

describe('headers of a request', () => {
  it.each<[string, Partial<CredentialSettings>, Record<string, string>]>([
    ['nothing', {}, {}],
    ['names in lower case', { headers: { 'X-Scope-OrgID': 'a' } }, { 'x-scope-orgid': 'a' }],
    ['a login', { username: 'me', password: 'p:w' }, { authorization: basic('me:p:w') }],
    ['a login without a password', { username: 'me' }, { authorization: basic('me:') }],
    ['a login that is not ASCII', { username: 'mé', password: 'ü' }, { authorization: basic('mé:ü') }],
    ['a password alone is none', { password: 'pw' }, {}],
    ['a token', { bearerToken: 't' }, { authorization: 'Bearer t' }],
    [
      'a token with a word of its own',
      { bearerToken: 't', tokenScheme: 'Token' },
      { authorization: 'Token t' },
    ],
    ['a token rather than a login', { bearerToken: 't', username: 'me' }, { authorization: 'Bearer t' }],
  ])('%s', (_, settings, want) => {
    expect(new Credentials({ ...NONE, ...settings }).headers).toEqual(want);
  });

  it('have a token or a password from a file, without what surrounds it', () => {
    const path = fileWith('  s3cret\n');
    expect(new Credentials({ ...NONE, bearerTokenFile: path }).headers).toEqual({
      authorization: 'Bearer s3cret',
    });
    expect(new Credentials({ ...NONE, username: 'me', passwordFile: path }).headers).toEqual({
      authorization: basic('me:s3cret'),
    });
  });

  it('keep what the file had, until the receiver refuses it', () => {
    const path = fileWith('old');
    const credentials = new Credentials({ ...NONE, bearerTokenFile: path });
    expect(credentials.headers).toEqual({ authorization: 'Bearer old' });
    writeFileSync(path, 'new');
    expect(credentials.headers).toEqual({ authorization: 'Bearer old' });
    credentials.renew();
    expect(credentials.headers).toEqual({ authorization: 'Bearer new' });
  });

  it('are undefined while the file is away, with the reason, and come back with it', () => {
    const path = join(folder, 'secret');
    const credentials = new Credentials({ ...NONE, bearerTokenFile: path });
    expect(credentials.headers).toBeUndefined();
    expect(credentials.problem).toMatch(/^a file with credentials cannot be read: .*ENOENT/);
    fileWith('here');
    expect(credentials.headers).toEqual({ authorization: 'Bearer here' });
    expect(credentials.problem).toBeUndefined();
  });

  it('without files are not read again', () => {
    const credentials = new Credentials({ ...NONE, bearerToken: 't' });
    const before = credentials.headers;
    credentials.renew();
    expect(credentials.headers).toBe(before);
  });
});

describe('a login in a URL', () => {
  it('is used, decoded', () => {
    const url = new URL('https://a%40b:p%2Fw@host/path');
    expect(withLoginOf(url, NONE)).toEqual({ ...NONE, username: 'a@b', password: 'p/w' });
  });

  it('gives way to one of its own keys', () => {
    const settings = { ...NONE, username: 'me', password: 'pw' };
    expect(withLoginOf(new URL('https://a:b@host'), settings)).toBe(settings);
    expect(withLoginOf(new URL('https://host'), NONE)).toBe(NONE);
  });
});
