import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitPacket } from './packet.ts';

describe('splitPacket', () => {
  const splits = (packet: string, lines: string[]) =>
    it(`splits ${JSON.stringify(packet)}`, () =>
      expect(splitPacket(packet, false)).toEqual({ lines, unterminated: 0 }));
  const requiringEol = (packet: string, lines: string[], unterminated: number) =>
    it(`splits ${JSON.stringify(packet)} where every message must end with LF`, () =>
      expect(splitPacket(packet, true)).toEqual({ lines, unterminated }));

  splits('', []);
  splits('a', ['a']);
  splits('a\n', ['a']);
  splits('a\nb', ['a', 'b']);
  splits('\n\n\na\n\nb\n\n', ['a', 'b']);
  splits('a\r\nb\r\n', ['a', 'b']);
  splits('a\r', ['a']);
  splits('\r\n\r', []);
  splits('a\r\r\n', ['a\r']);
  splits('a\rb\n', ['a\rb']);
  splits(' \n', [' ']);
  splits('\0\xff\n', ['\0\xff']);

  requiringEol('', [], 0);
  requiringEol('a\n', ['a'], 0);
  requiringEol('a\r\n', ['a'], 0);
  requiringEol('a', [], 1);
  requiringEol('a\nb', ['a'], 1);
  requiringEol('a\n\r', ['a'], 1);
  requiringEol('\n', [], 0);

  it('loses no byte but line ends', () => {
    const packet = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n') });
    fc.assert(
      fc.property(packet, (bytes) => {
        const { lines } = splitPacket(bytes, false);
        expect(lines.every((line) => line !== '' && !line.includes('\n'))).toBe(true);
        expect(lines.join('').replaceAll('\r', '')).toBe(bytes.replaceAll(/[\r\n]/g, ''));
      }),
    );
  });

  it('gives the same lines with and without the rule when every line is terminated', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\r', '\n') }), (bytes) => {
        expect(splitPacket(`${bytes}\n`, true)).toEqual(splitPacket(`${bytes}\n`, false));
      }),
    );
  });
});
