/** Packets for tests: text or bytes to the list of datagrams the sender takes. */
import { offsetsOf, type PacketList } from '../../src/listeners/system/send-batch.ts';

/** Puts packets, text as UTF-8, one behind the other. */
export function packetsOf(packets: readonly (string | Buffer)[]): PacketList {
  const buffers = packets.map((packet) => (typeof packet === 'string' ? Buffer.from(packet) : packet));
  const lengths = Uint32Array.from(buffers, ({ length }) => length);
  return { bytes: Buffer.concat(buffers), offsets: offsetsOf(lengths), lengths };
}

/** A packet as a Unix stream carries it: its length, then its bytes. */
export function frame(packet: string): Buffer {
  const bytes = Buffer.alloc(4 + packet.length);
  bytes.writeUInt32LE(packet.length);
  bytes.write(packet, 4, 'latin1');
  return bytes;
}

/** Packs lines into packets of at most `bytesMax` bytes. */
export function packLines(lines: readonly string[], bytesMax: number): string[] {
  const packets: string[] = [];
  let packet = '';
  for (const line of lines) {
    if (packet !== '' && packet.length + 1 + line.length > bytesMax) {
      packets.push(packet);
      packet = '';
    }
    packet += packet === '' ? line : `\n${line}`;
  }
  if (packet !== '') packets.push(packet);
  return packets;
}

/** A small generator of random numbers with a seed, uniform in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
