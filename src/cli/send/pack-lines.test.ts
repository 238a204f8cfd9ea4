import { describe, expect, it } from 'vitest';
import type { PacketList } from '../../listeners/system/send-batch.ts';
import { LinePacker } from './pack-lines.ts';

function texts({ bytes, offsets, lengths }: PacketList): string[] {
  return [...lengths].map((length, i) => {
    const offset = offsets[i] as number;
    return Buffer.from(bytes.subarray(offset, offset + length)).toString();
  });
}

describe('LinePacker', () => {
  const packs = (packetBytesMax: number, lines: string[], want: string[]): void => {
    const packer = new LinePacker(packetBytesMax);
    for (const line of lines) packer.add(Buffer.from(line));
    expect(texts(packer.take())).toEqual(want);
    expect(texts(packer.take())).toEqual([]);
  };

  it('fills packets with whole lines', () => {
    packs(7, ['aaa', 'bbb', 'ccc', 'd'], ['aaa\nbbb', 'ccc\nd']);
    packs(6, ['aaa', 'bbb'], ['aaa', 'bbb']);
    packs(3, ['aaa'], ['aaa']);
    packs(3, [], []);
  });

  it('leaves out a line that no packet can hold', () => {
    packs(3, ['aaaa', 'b'], ['b']);
    expect(new LinePacker(3).add(Buffer.from('aaaa'))).toBe(false);
  });

  it('starts a new packet after the packets were taken', () => {
    const packer = new LinePacker(100);
    packer.add(Buffer.from('a'));
    expect(texts(packer.take())).toEqual(['a']);
    packer.add(Buffer.from('b'));
    expect(texts(packer.take())).toEqual(['b']);
  });
});
