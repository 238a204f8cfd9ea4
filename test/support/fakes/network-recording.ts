/** Makes files as tcpdump writes them: frames of UDP datagrams in pcap and pcapng. */

export interface TestDatagram {
  readonly text: string;
  readonly port?: number;
  /** Unix nanoseconds. */
  readonly at?: bigint;
}

export function ipv4Udp(text: string, port = 8125, { fragment = 0 } = {}): Buffer {
  const payload = Buffer.from(text, 'latin1');
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(28 + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[9] = 17;
  header.set([10, 0, 0, 1, 10, 0, 0, 2], 12);
  return Buffer.concat([header, udp(payload, port)]);
}

export function ipv6Udp(text: string, port = 8125, extensions: readonly Buffer[] = [], first = 17): Buffer {
  const payload = Buffer.from(text, 'latin1');
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = first;
  header.set([0xfd, 0], 8);
  header[23] = 1;
  header[39] = 2;
  return Buffer.concat([header, ...extensions, udp(payload, port)]);
}

export function ethernet(packet: Buffer, type = 0x0800, tags: readonly number[] = []): Buffer {
  const header = Buffer.alloc(12);
  const types = Buffer.alloc(4 * tags.length + 2);
  for (const [i, tag] of tags.entries()) types.writeUInt32BE(0x81000000 + tag, 4 * i);
  types.writeUInt16BE(type, 4 * tags.length);
  return Buffer.concat([header, types, packet]);
}

function udp(payload: Buffer, port: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(40_000, 0);
  header.writeUInt16BE(port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

interface Frame {
  readonly frame: Buffer;
  readonly at: bigint;
  readonly wholeLength?: number;
}

export function pcap(
  frames: readonly Frame[],
  { linkType = 1, little = true, nanoseconds = false } = {},
): Buffer {
  const u32 = (value: number): Buffer => number32(value, little);
  const header = Buffer.concat([
    u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    Buffer.alloc(12),
    u32(262_144),
    u32(linkType),
  ]);
  const records = frames.map(({ frame, at, wholeLength = frame.length }) => {
    const fraction = Number(at % 1_000_000_000n);
    const seconds = u32(Number(at / 1_000_000_000n));
    return Buffer.concat([
      seconds,
      u32(nanoseconds ? fraction : Math.floor(fraction / 1000)),
      u32(frame.length),
      u32(wholeLength),
      frame,
    ]);
  });
  return Buffer.concat([header, ...records]);
}

/** A section with one interface of this link type; `options` are those of the interface. */
export function pcapng(
  frames: readonly { readonly frame: Buffer; readonly units: bigint }[],
  { linkType = 1, little = true, options = Buffer.alloc(0) } = {},
): Buffer {
  const u32 = (value: number): Buffer => number32(value, little);
  const block = (type: number, body: Buffer): Buffer => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    const length = u32(padded.length + 12);
    return Buffer.concat([u32(type), length, padded, length]);
  };
  const section = Buffer.concat([u32(0x1a2b3c4d), Buffer.alloc(4), Buffer.alloc(8, 0xff)]);
  const network = Buffer.concat([
    little ? Buffer.from([linkType, 0, 0, 0]) : Buffer.from([0, linkType, 0, 0]),
    u32(0),
    options,
  ]);
  return Buffer.concat([
    block(0x0a0d0d0a, section),
    block(1, network),
    block(0x0bad, Buffer.from('a block that nobody knows')),
    ...frames.map(({ frame, units }) =>
      block(
        6,
        Buffer.concat([
          u32(0),
          u32(Number(units >> 32n)),
          u32(Number(units & 0xffffffffn)),
          u32(frame.length),
          u32(frame.length),
          frame,
        ]),
      ),
    ),
  ]);
}

function number32(value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(4);
  if (little) bytes.writeUInt32LE(value >>> 0);
  else bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
