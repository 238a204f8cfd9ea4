/** What a command is told, and what it is kept from. */
import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { environmentFor } from '../../cli/testing/child-environment.ts';
import { childEnvironment, clientVariables } from './client-variables.ts';
import { startTestServer } from './start-test-server.ts';

const PLACES = { url: 'http://h', socketPath: '/s', streamSocketPath: '/t', port: 18125 };
const at = (host: string) => clientVariables({ ...PLACES, host });

describe('the variables of clients', () => {
  it('name host and port in every form', () =>
    expect(at('127.0.0.1')).toMatchObject({
      DD_AGENT_HOST: '127.0.0.1',
      DD_DOGSTATSD_PORT: '18125',
      DD_DOGSTATSD_HOSTNAME: '127.0.0.1',
      DD_DOGSTATSD_URL: 'udp://127.0.0.1:18125',
      STATSD_ADDR: '127.0.0.1:18125',
      STATSD_ENV: 'production',
      STATSD_HOST: '127.0.0.1',
      STATSD_PORT: '18125',
      AIRFLOW__METRICS__STATSD_HOST: '127.0.0.1',
      WHIPPET_TEST_SOCKET: '/s',
    }));
  it('hold an IPv6 address alone, never in brackets or beside a port', () => {
    const variables = at('::1');
    expect(variables).toMatchObject({ DD_AGENT_HOST: '::1', STATSD_HOST: '::1', STATSD_IPV6: '1' });
    expect(variables).not.toHaveProperty('DD_DOGSTATSD_URL');
    expect(variables).not.toHaveProperty('STATSD_ADDR');
    for (const [name, value] of Object.entries(variables))
      if (value.includes('::')) expect(isIPv6(value), name).toBe(true);
  });
  it.each(['0.0.0.0', '::'])('name an address to send to when the server listens on %s', (host) =>
    expect(at(host)).toMatchObject({ DD_AGENT_HOST: '127.0.0.1', STATSD_ADDR: '127.0.0.1:18125' }));
});

describe('the environment of a command', () => {
  const contradicting = {
    DD_DOGSTATSD_SOCKET: '/run/dsd.sock',
    DD_DOGSTATSD_DISABLE: 'true',
    DD_DOGSTATSD_PIPE_NAME: 'x',
    STATSD_SOCKET_PATH: '/run/x',
    STATSD_IPV6: '1',
    DD_TELEMETRY_HOST: '10.0.0.1',
  };
  it('has the rest of the parent and nothing that contradicts', () => {
    const { env, cleared } = childEnvironment({ PATH: '/bin', ...contradicting }, at('127.0.0.1'));
    expect(cleared).toEqual(Object.keys(contradicting));
    expect(env).toEqual({ PATH: '/bin', ...at('127.0.0.1') });
  });
  it('has no URL of another server when the test server has none', () => {
    const { env, cleared } = childEnvironment(
      { DD_DOGSTATSD_URL: 'unix:///x', STATSD_ADDR: 'a:1' },
      at('::1'),
    );
    expect(cleared).toEqual(['DD_DOGSTATSD_URL', 'STATSD_ADDR']);
    expect(env).not.toHaveProperty('DD_DOGSTATSD_URL');
  });
  it('keeps what changes what is sent, and both are named', async () => {
    const server = await startTestServer();
    const printed: string[] = [];
    const env = environmentFor(server, (text) => printed.push(text), {
      DD_DOGSTATSD_SOCKET: '/run/dsd.sock',
      STATSD_PREFIX: 'app',
    });
    await server.close();
    expect(env.STATSD_PREFIX).toBe('app');
    expect(printed).toEqual([
      'note    DD_DOGSTATSD_SOCKET=/run/dsd.sock is not passed on: it would send elsewhere, or nothing\n',
      'note    STATSD_PREFIX=app is set and changes what is sent, or where\n',
    ]);
  });
});
