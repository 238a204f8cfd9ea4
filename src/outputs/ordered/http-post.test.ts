import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpReceiver } from '../../../test/support/fakes/http-receiver.ts';
import { postSettings } from '../../../test/support/ordered-bench.ts';
import { readTlsFixture, tlsFixture } from '../../../test/support/tls-fixture.ts';
import { systemClock } from '../../lib/time/clock.ts';
import type { SendResult } from '../delivery/send-result.ts';
import type { TlsSettings } from '../delivery/tls-options.ts';
import { HttpPost } from './http-post.ts';

const TLS: TlsSettings = { skipVerify: false, minVersion: 'TLSv1.2', caFile: tlsFixture('ca.crt') };
const CLIENT = { certFile: tlsFixture('client.crt'), keyFile: tlsFixture('client.key') };
const STRANGER = { certFile: tlsFixture('stranger.crt'), keyFile: tlsFixture('stranger.key') };

describe('TLS', () => {
  let server: Server;
  let url: string;
  /** Names of the certificates that were shown. */
  let shown: (string | undefined)[];
  beforeEach(async () => {
    shown = [];
    const keys = {
      key: readTlsFixture('server.key'),
      cert: readTlsFixture('server.crt'),
      ca: readTlsFixture('ca.crt'),
    };
    server = createServer({ ...keys, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      shown.push(Array.isArray(name) ? name[0] : name);
      request.resume();
      request.on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function post(some: Partial<TlsSettings>): Promise<SendResult> {
    const one = new HttpPost(postSettings(url, 5000, { tls: { ...TLS, ...some } }), systemClock);
    const result = await one.post({}, Buffer.from('x'));
    await one.close();
    return result;
  }

  it('shows the certificate of this side to a receiver that wants to see one', async () => {
    expect(await post(CLIENT)).toMatchObject({ kind: 'answered', status: 204 });
    expect(shown).toHaveLength(1);
    expect(shown[0]).toBeTruthy();
  });

  it.each<[string, Partial<TlsSettings>]>([
    ['no certificate', {}],
    ['one of another authority', STRANGER],
  ])('is refused with %s', async (_, some) => {
    expect(await post(some)).toMatchObject({ kind: 'failed' });
    expect(shown).toEqual([]);
  });

  it('trusts no receiver whose authority it does not know', async () => {
    const result = await post({ ...CLIENT, caFile: '' });
    expect(result).toMatchObject({
      kind: 'failed',
      error: expect.stringMatching(/certificate|self.signed/i),
    });
    expect(shown).toEqual([]);
  });

  it('trusts any receiver when it is told to', async () => {
    expect(await post({ ...CLIENT, caFile: '', skipVerify: true })).toMatchObject({ status: 204 });
  });

  it('with a key that does not fit the certificate fails before anything is sent', async () => {
    const settings = postSettings(url, 5000, {
      tls: { ...TLS, certFile: CLIENT.certFile, keyFile: STRANGER.keyFile },
    });
    const one = new HttpPost(settings, systemClock);
    expect(await one.post({}, Buffer.from('x'))).toMatchObject({ kind: 'failed' });
    await one.close();
    expect(shown).toEqual([]);
  });
});

describe('a post', () => {
  let receiver: HttpReceiver;
  let url: string;
  beforeEach(async () => {
    receiver = new HttpReceiver();
    url = await receiver.start();
  });
  afterEach(() => receiver.close());

  it('has the path and query of the URL, its login and the headers of the settings', async () => {
    const credentials = { ...postSettings('').credentials, headers: { 'X-Tenant': 'a', 'x-own': 'loses' } };
    const target = `${url.replace('//', '//me:pw@')}/in?token=t`;
    const one = new HttpPost(postSettings(target, 5000, { credentials }), systemClock);
    await one.post({ 'x-own': 'wins' }, Buffer.from('text'));
    await one.close();
    expect(receiver.requests).toMatchObject([
      {
        method: 'POST',
        url: '/in?token=t',
        text: 'text',
        headers: {
          authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`,
          'x-tenant': 'a',
          'x-own': 'wins',
          'user-agent': 'whippet/test',
        },
      },
    ]);
  });

  it('sends nothing while a file with credentials cannot be read, and says so', async () => {
    const credentials = { ...postSettings('').credentials, bearerTokenFile: '/nowhere/token' };
    const one = new HttpPost(postSettings(url, 5000, { credentials }), systemClock);
    expect(await one.post({}, Buffer.from('x'))).toMatchObject({
      kind: 'failed',
      error: expect.stringContaining('a file with credentials cannot be read'),
    });
    expect(one.problem).toContain('ENOENT');
    await one.close();
    expect(receiver.requests).toEqual([]);
  });

  it('is given up when it is closed', async () => {
    receiver.answer = () => ({ hangs: true });
    const one = new HttpPost(postSettings(url), systemClock);
    const result = one.post({}, Buffer.from('x'));
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (receiver.requests.length > 0) resolve();
        else setImmediate(look);
      };
      look();
    });
    await one.close();
    expect(await result).toEqual({ kind: 'aborted' });
    expect(await one.post({}, Buffer.from('x'))).toEqual({ kind: 'aborted' });
  });
});
