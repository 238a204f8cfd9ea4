import { describe, expect, it } from 'vitest';
import { dockerSocket } from './origin-part.ts';

describe('Docker is read', () => {
  type Case = [
    string,
    'auto' | boolean,
    boolean,
    string | undefined,
    boolean,
    ReturnType<typeof dockerSocket>,
  ];
  const off = (reason: string, isUnexpected = false) => ({ reason, isUnexpected });
  const remote = (host: string) =>
    off(`DOCKER_HOST is ${host}, and only a Unix socket is asked; set it to unix:// and the path`, true);
  it.each<Case>([
    ['by default at its usual socket', 'auto', true, undefined, true, { path: '/var/run/docker.sock' }],
    ['where DOCKER_HOST says', 'auto', true, 'unix:///run/d.sock', true, { path: '/run/d.sock' }],
    ['never when it is off', false, true, undefined, true, off('origin.docker is false')],
    [
      'not while no origin counts',
      'auto',
      false,
      undefined,
      true,
      off('dogstatsd_origin_detection and dogstatsd_origin_detection_client are off'),
    ],
    ['not without a socket', 'auto', true, undefined, false, off('/var/run/docker.sock does not exist')],
    ['without a socket yet when it is on', true, false, undefined, false, { path: '/var/run/docker.sock' }],
    ['not over TCP', 'auto', true, 'tcp://user:secret@d:2375', true, remote('tcp://d:2375')],
  ])('%s', (_, docker, client, host, isThere, choice) => {
    const env = host === undefined ? {} : { DOCKER_HOST: host };
    const both = { dogstatsd_origin_detection: false, dogstatsd_origin_detection_client: client };
    const config = { origin: { docker }, ...both };
    expect(dockerSocket(config, env, () => isThere)).toEqual(choice);
    // Either key is enough.
    const other = { ...config, dogstatsd_origin_detection: client, dogstatsd_origin_detection_client: false };
    expect(dockerSocket(other, env, () => isThere)).toEqual(choice);
  });
});
