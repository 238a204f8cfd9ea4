import { describe, expect, it } from 'vitest';
import type { OpenListener } from '../../listeners/sockets/open-listener.ts';
import { threadsOf } from './start-threads.ts';

const socket = (fd: number, kind: 'udp' | 'unixgram' = 'udp', name = '127.0.0.1:8125'): OpenListener => ({
  ...{ kind, name, port: 8125, receiveBufferBytes: 0, close: () => undefined },
  listener: { kind: 'datagram', fd },
});

/** The threads of each of so many sockets of one address. */
function spread(sockets: number, udp: number): number[] {
  const listeners = Array.from({ length: sockets }, (_, i) => socket(i));
  return listeners.map((one) => threadsOf(one, listeners, { udp, unixgram: 1, processors: 2 }));
}

describe('the threads of a socket', () => {
  it('are one for each of UDP when there is a socket for each', () => {
    expect(spread(1, 1)).toEqual([1]);
    expect(spread(4, 4)).toEqual([1, 1, 1, 1]);
  });

  it('share sockets that are too few, as of a server with fewer threads', () => {
    expect(spread(1, 3)).toEqual([3]);
    expect(spread(2, 5)).toEqual([3, 2]);
    expect(spread(3, 4)).toEqual([2, 1, 1]);
  });

  it('are more than asked for when there are more sockets, which all have to be read', () => {
    expect(spread(3, 1)).toEqual([1, 1, 1]);
  });

  it('are as many for each address, and for Unix datagrams', () => {
    const listeners = [socket(3), socket(4, 'udp', '10.0.0.1:8125'), socket(5, 'unixgram', '/run/s')];
    const workers = { udp: 2, unixgram: 3, processors: 2 };
    expect(listeners.map((one) => threadsOf(one, listeners, workers))).toEqual([2, 2, 3]);
  });

  it('are one where Node.js opens the socket', () => {
    const portable: OpenListener = {
      ...socket(0),
      listener: { kind: 'portable-udp', host: '127.0.0.1', port: 8125, receiveBuffer: 0 },
    };
    expect(threadsOf(portable, [portable], { udp: 4, unixgram: 4, processors: 64 })).toBe(1);
  });
});
