import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethernet, ipv4Udp, ipv6Udp, pcap, pcapng } from '../../../test/support/fakes/network-recording.ts';
import { ZstdEncoder } from '../../lib/zstd/zstd-encoder.ts';
import { CaptureFormatError } from './dog-decoder.ts';
import type { ReadRecord } from './record.ts';
import { isRecording, openTraffic, type Traffic, type TrafficFacts } from './traffic.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/capture/${name}`, import.meta.url));
const text = ({ payload }: ReadRecord): string => Buffer.from(payload).toString('latin1');

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.subarray(at, at + size));
}

interface ReadTraffic {
  readonly traffic: Traffic;
  readonly records: readonly ReadRecord[];
  readonly facts: TrafficFacts;
}

async function read(
  bytes: Uint8Array,
  size = Math.max(bytes.length, 1),
  port?: number,
): Promise<ReadTraffic> {
  const traffic = await openTraffic(pieces(bytes, size), port === undefined ? {} : { port });
  const records: ReadRecord[] = [];
  for await (const batch of traffic.batches) {
    records.push(...batch.map((one) => ({ ...one, payload: new Uint8Array(one.payload) })));
  }
  return { traffic, records, facts: traffic.facts() };
}

const zstd = (bytes: Uint8Array): Buffer => {
  const encoder = new ZstdEncoder();
  return Buffer.concat([encoder.push(bytes), encoder.finish()]);
};

describe('recorded traffic', () => {
  it('is told by its first bytes, compressed or not, in pieces of every size', async () => {
    const files = [fixture('full.dog'), fixture('full.dog.zstd'), fixture('full-rawblocks.dog.zstd')];
    for (const file of files) {
      for (const size of [1, 3, 7, 64, file.length]) {
        const { traffic, records, facts } = await read(file, size);
        expect(traffic.kind).toBe('capture');
        expect(records.map(text)).toEqual(['page.views:1|c|#env:dev\n', 'temp:-4|g']);
        expect(facts.state?.pids.get(12_345)).toBe('container_id://abc');
        expect([facts.fileBytes, facts.compression]).toEqual([257, undefined]);
      }
    }
  });

  it('a compressed capture that is cut gives its records, and says that it is cut', async () => {
    const bytes = Buffer.concat([
      fixture('full.dog').subarray(0, 116),
      ...Array.from({ length: 20_000 }, () => fixture('full.dog').subarray(89, 116)),
    ]);
    const whole = zstd(bytes);
    const { records, facts } = await read(whole.subarray(0, whole.length - 2));
    expect(records.length).toBeGreaterThan(4000);
    expect(facts.compression).toMatch(/ends within a block/);
    expect(facts.capture?.end.kind).toBe('truncated_record');
  });

  it('is refused when it is nothing that can be read', async () => {
    for (const head of ['d474d060', 'd4', 'd474d060f9ff0000', '7f454c4602010100', '89504e470d0a1a0a0000'])
      await expect(read(Buffer.from(head, 'hex'))).rejects.toThrow(CaptureFormatError);
    await expect(read(Buffer.from('7f454c4602010100', 'hex'))).rejects.toThrow(
      'this is neither a capture, a pcap file nor text: it begins with the bytes 7f454c4602010100',
    );
  });

  it('as text is a line each, with the time before it', async () => {
    const { traffic, records } = await read(Buffer.from('a:1|c\n@5.25 b:2|g\r\n\nc:3|c'), 4);
    expect(traffic.kind).toBe('lines');
    expect(records.map((one) => [text(one), one.timestamp])).toEqual([
      ['a:1|c', 0n],
      ['b:2|g', 5_250_000_000n],
      ['c:3|c', 5_250_000_000n],
    ]);
  });

  it('other than lines is known before it is read as lines', () => {
    expect(isRecording(fixture('full.dog'))).toBe(true);
    expect(isRecording(fixture('full.dog.zstd'))).toBe(true);
    expect(isRecording(Buffer.from('page.views:1|c|#city:Malmö\n'))).toBe(false);
    expect(isRecording(Buffer.from('{"samples": []}'))).toBe(false);
  });
});

describe('a network recording', () => {
  const at = 1_700_000_000_123_456_789n;
  const frame = ethernet(ipv4Udp('page.views:1|c'));

  it('gives the datagrams to port 8125, with time and sender, in every form of pcap', async () => {
    for (const little of [true, false]) {
      for (const nanoseconds of [true, false]) {
        const file = pcap([{ frame, at }], { little, nanoseconds });
        for (const size of [1, 10, file.length]) {
          const { traffic, records } = await read(file, size);
          expect(traffic.kind).toBe('pcap');
          expect(records).toEqual([
            {
              timestamp: nanoseconds ? at : (at / 1000n) * 1000n,
              payload: new Uint8Array(Buffer.from('page.views:1|c')),
              pid: 0,
              ancillary: new Uint8Array(0),
              listener: 'udp',
              peer: '10.0.0.1:40000',
              missingBytes: 0,
            },
          ]);
        }
      }
    }
  });

  it('as pcapng has times in the resolution and offset of its interface', async () => {
    const resolution = (value: number): Buffer<ArrayBuffer> =>
      Buffer.from([9, 0, 1, 0, value, 0, 0, 0, 0, 0, 0, 0]);
    const offset = Buffer.concat([Buffer.from([14, 0, 8, 0, 100, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(4)]);
    const cases: [options: Buffer<ArrayBuffer>, units: bigint, ns: bigint][] = [
      [Buffer.alloc(0), 1_700_000_000_123_456n, 1_700_000_000_123_456_000n],
      [resolution(9), at, at],
      [resolution(0x80 | 10), 1024n * 5n + 512n, 5_500_000_000n],
      [offset, 1_000_000n, 101_000_000_000n],
    ];
    for (const [options, units, ns] of cases) {
      const file = pcapng([{ frame, units }], { options });
      for (const size of [1, file.length]) {
        const { traffic, records } = await read(file, size);
        expect(traffic.kind).toBe('pcapng');
        expect(records.map((one) => [text(one), one.timestamp])).toEqual([['page.views:1|c', ns]]);
      }
    }
    const big = await read(pcapng([{ frame, units: 7n }], { little: false }));
    expect(big.records.map(({ timestamp }) => timestamp)).toEqual([7000n]);
  });

  it('is read through VLAN tags, loopback, raw IP and cooked headers, and IPv6 with its extensions', async () => {
    const six = ipv6Udp('a:6|c');
    const atomic = Buffer.from([60, 0, 0, 0, 0, 0, 0, 1]);
    const options = Buffer.from([17, 0, 0, 0, 0, 0, 0, 0]);
    const cooked = (outgoing: boolean, arphrd: number): Buffer =>
      Buffer.concat([
        Buffer.from([0, outgoing ? 4 : 0, arphrd >> 8, arphrd & 255]),
        Buffer.alloc(10),
        Buffer.from([8, 0]),
      ]);
    const cases: [linkType: number, frame: Buffer, sender: string][] = [
      [1, ethernet(ipv4Udp('a:6|c'), 0x0800, [5, 6]), '10.0.0.1:40000'],
      [1, ethernet(six, 0x86dd), '[fd00::1]:40000'],
      [1, ethernet(ipv6Udp('a:6|c', 8125, [atomic, options], 44), 0x86dd), '[fd00::1]:40000'],
      [0, Buffer.concat([Buffer.from([2, 0, 0, 0]), ipv4Udp('a:6|c')]), '10.0.0.1:40000'],
      [101, six, '[fd00::1]:40000'],
      [113, Buffer.concat([cooked(true, 1), ipv4Udp('a:6|c')]), '10.0.0.1:40000'],
      [276, Buffer.concat([Buffer.from([8, 0]), Buffer.alloc(18), ipv4Udp('a:6|c')]), '10.0.0.1:40000'],
    ];
    for (const [linkType, one, sender] of cases) {
      const { records } = await read(pcap([{ frame: one, at }], { linkType }));
      expect(records.map((record) => [text(record), record.peer])).toEqual([['a:6|c', sender]]);
    }
    const loopback = [cooked(true, 772), cooked(false, 772)].map((header) => ({
      frame: Buffer.concat([header, ipv4Udp('a:6|c')]),
      at,
    }));
    const { records, facts } = await read(pcap(loopback, { linkType: 113 }));
    expect([records.length, Object.fromEntries(facts.network?.skipped ?? [])]).toEqual([1, { duplicate: 1 }]);
  });

  it('counts what gives no datagram, and where the others went', async () => {
    const tcp = ipv4Udp('x');
    tcp[9] = 6;
    const frames = [
      frame,
      ethernet(ipv4Udp('a:1|c', 9125)),
      ethernet(ipv4Udp('a:1|c', 9125)),
      ethernet(ipv4Udp('a:1|c', 8125, { fragment: 0x2000 })),
      ethernet(ipv4Udp('a:1|c', 8125, { fragment: 0x4000 })),
      ethernet(tcp),
      ethernet(tcp, 0x0806),
      frame.subarray(0, 30),
    ];
    const file = pcap(frames.map((one) => ({ frame: one, at })));
    const { records, facts } = await read(file);
    expect(records.map(text)).toEqual(['page.views:1|c', 'a:1|c']);
    expect(Object.fromEntries(facts.network?.skipped ?? [])).toEqual({ fragment: 1, not_udp: 2, cut: 1 });
    expect([...(facts.network?.otherPorts ?? [])]).toEqual([[9125, 2]]);
    expect((await read(file, 50, 9125)).records.map(text)).toEqual(['a:1|c', 'a:1|c']);
    const other = await read(pcap([{ frame, at }], { linkType: 147 }));
    expect(Object.fromEntries(other.facts.network?.skipped ?? [])).toEqual({ unknown_link: 1 });
  });

  it('says what a recording with a snap length left out, and where a file is cut or damaged', async () => {
    const short = await read(pcap([{ frame: frame.subarray(0, -4), at, wholeLength: frame.length }]));
    expect(short.records.map((one) => [text(one), one.missingBytes])).toEqual([['page.views', 4]]);
    const cut = await read(pcap([{ frame, at }]).subarray(0, -3));
    expect([cut.records.length, cut.facts.network?.problem]).toEqual([
      0,
      `the file ends within a packet; ${frame.length + 13} bytes of it are there`,
    ]);
    const damaged = pcap([{ frame, at }]);
    damaged.writeUInt32LE(0x7fffffff, 24 + 8);
    expect((await read(damaged)).facts.network?.problem).toMatch(
      /a packet of 2147483647 bytes cannot be, at byte 24/,
    );
  });

  it('ends for 5,000 damaged copies', async () => {
    const files = [
      pcap([
        { frame, at },
        { frame, at },
      ]),
      pcapng([{ frame, units: 5n }]),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (file, changes) => {
          const copy = Buffer.from(file);
          for (const [place, byte] of changes) copy[place % copy.length] = byte;
          try {
            expect((await read(copy)).records.length).toBeLessThan(100);
          } catch (error) {
            expect(error).toBeInstanceOf(CaptureFormatError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('a trace of system calls', () => {
  const trace = String.raw`24148 1700000000.25 execve("/usr/bin/python3", ["python3"], 0x7ffe) = 0
24148 1700000000.5 sendto(4, "page.views:1|c|#env:d\303\251v\n\"q\"\\x:2|g", 34, 0, NULL, 0) = 34
24149 1700000000.6 recvfrom(3, "page.views:1|c|#env:d\303\251v\n\"q\"\\x:2|g", 9999, 0, NULL, NULL) = 34
[pid    77] 1700000001 sendto(4, "too:1|c", 7, 0, NULL, 0) = -1 ECONNREFUSED (Connection refused)
24148 1700000002.0 sendmsg(4, {msg_name=NULL, msg_iov=[{iov_base="a:1|c\n", iov_len=6}, {iov_base="b:2|c", iov_len=5}], msg_iovlen=2}, 0) = 11
24148 1700000003.0 sendmmsg(4, [{msg_hdr={msg_iov=[{iov_base="d:1|c", iov_len=5}]}, msg_len=5}, {msg_hdr={msg_iov=[{iov_base="e:1|c", iov_len=5}]}, msg_len=5}], 2, 0) = 2
24148 1700000004.0 write(5<socket:[77]>, "\5\0\0\0c:3|c", 9) = 9
24148 1700000005.0 sendto(4, "xxxxxxxxxx:1|c|#yyyy"..., 116, 0, NULL, 0) = 116
24148 1700000006.0 write(1, "hello\n", 6) = 6
`;

  it('gives the packets that were sent, unescaped, without the length of a frame', async () => {
    for (const size of [1, 64, trace.length]) {
      const { traffic, records, facts } = await read(Buffer.from(trace), size);
      expect(traffic.kind).toBe('trace');
      expect(
        records.map((one) => [text(one), one.timestamp / 1_000_000n, one.pid, one.missingBytes]),
      ).toEqual([
        ['page.views:1|c|#env:d\xc3\xa9v\n"q"\\x:2|g', 1_700_000_000_500n, 24_148, 0],
        ['a:1|c\nb:2|c', 1_700_000_002_000n, 24_148, 0],
        ['d:1|c', 1_700_000_003_000n, 24_148, 0],
        ['e:1|c', 1_700_000_003_000n, 24_148, 0],
        ['c:3|c', 1_700_000_004_000n, 24_148, 0],
        ['xxxxxxxxxx:1|c|#yyyy', 1_700_000_005_000n, 24_148, 96],
      ]);
      expect(facts.trace).toEqual({ records: 6, otherWay: 1, cutCalls: 1 });
    }
  });
});
