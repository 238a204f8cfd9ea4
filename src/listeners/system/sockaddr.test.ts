import { describe, expect, it } from 'vitest';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  decodeSockaddr,
  familyOf,
  sockaddrInet,
  sockaddrInet4,
  sockaddrInet6,
  sockaddrUnix,
} from './sockaddr.ts';

describe('sockaddr', () => {
  const roundTrips = (
    sockaddr: Uint8Array,
    family: number,
    name: ReturnType<typeof decodeSockaddr>,
  ): void => {
    expect(familyOf(sockaddr)).toBe(family);
    expect(decodeSockaddr(sockaddr)).toEqual(name);
  };

  it('encodes what getsockname answers, and back', () => {
    roundTrips(sockaddrInet4('127.0.0.1', 8125), AF_INET, { family: 'inet', host: '127.0.0.1', port: 8125 });
    roundTrips(sockaddrInet6('::', 0), AF_INET6, { family: 'inet6', host: '::', port: 0 });
    roundTrips(sockaddrInet6('::1', 65535), AF_INET6, { family: 'inet6', host: '::1', port: 65535 });
    roundTrips(sockaddrInet6('fe80::', 1), AF_INET6, { family: 'inet6', host: 'fe80::', port: 1 });
    roundTrips(sockaddrInet6('1:2:3:4:5:6:7:8', 1), AF_INET6, {
      family: 'inet6',
      host: '1:2:3:4:5:6:7:8',
      port: 1,
    });
    roundTrips(sockaddrInet6('::ffff:127.0.0.1', 1), AF_INET6, {
      family: 'inet6',
      host: '::ffff:7f00:1',
      port: 1,
    });
    roundTrips(sockaddrUnix('/run/a.sock'), AF_UNIX, { family: 'unix', path: '/run/a.sock' });
    roundTrips(sockaddrUnix('@abstract'), AF_UNIX, { family: 'unix', path: '@abstract' });
  });

  it('chooses the family by the look of the host', () => {
    expect(familyOf(sockaddrInet('10.1.2.3', 1))).toBe(AF_INET);
    expect(familyOf(sockaddrInet('2001:db8::1', 1))).toBe(AF_INET6);
  });

  it('puts the bytes where the kernel reads them', () => {
    expect([...sockaddrInet4('1.2.3.4', 0x1f2e)]).toEqual([
      2, 0, 0x1f, 0x2e, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect([...sockaddrUnix('/a')]).toEqual([1, 0, 47, 97, 0]);
    expect([...sockaddrUnix('@a')]).toEqual([1, 0, 0, 97]);
  });

  it('refuses what is not an address', () => {
    expect(() => sockaddrInet4('localhost', 1)).toThrow(TypeError);
    expect(() => sockaddrInet6('127.0.0.1', 1)).toThrow(TypeError);
    expect(() => sockaddrInet6('fe80::1%lo', 1)).toThrow(TypeError);
    expect(() => sockaddrUnix('')).toThrow(TypeError);
    expect(() => sockaddrUnix('/a\0b')).toThrow(TypeError);
    expect(() => sockaddrUnix(`/${'a'.repeat(106)}`)).not.toThrow();
    expect(() => sockaddrUnix(`/${'a'.repeat(107)}`)).toThrow(RangeError);
  });
});
