/**
 * Decodes what tcpdump and its kind write, pcap and pcapng, to the DogStatsD datagrams in it.
 *
 *   pcap     magic, version, … link type │ ( seconds, fraction, length, original length │ frame )*
 *   pcapng   ( type, length │ body │ length )*      sections, interfaces, packets; other blocks are skipped
 *
 * Datagrams count that went to the port asked for, 8125 unless another is given; to which ports the others went is
 * counted, so that a wrong port explains itself.
 *
 * Memory  the block under way, BLOCK_BYTES_MAX at most. A longer one is damage, and reading ends there.
 */
import { type FrameSkip, udpOf } from './packet-layers.ts';
import type { ReadRecord } from './record.ts';

/** Larger than the largest frame any tool records, with its headers. */
const BLOCK_BYTES_MAX = 512 * 1024;
const PCAP_HEADER_BYTES = 24;
const PCAP_RECORD_BYTES = 16;
const BLOCK_HEADER_BYTES = 8;
const SECTION_BLOCK = 0x0a0d0d0a;
const INTERFACE_BLOCK = 1;
const OLD_PACKET_BLOCK = 2;
const SIMPLE_PACKET_BLOCK = 3;
const PACKET_BLOCK = 6;
const BYTE_ORDER = 0x1a2b3c4d;
const TIME_RESOLUTION = 9;
const TIME_OFFSET = 14;
const INTERFACES_MAX = 10_000;
const PORTS_MAX = 1000;
export const DOGSTATSD_PORT = 8125;

/** Magic of pcap as its bytes stand in the file: byte order, and nanoseconds a unit of the fraction. */
const PCAP_MAGICS: Readonly<Record<number, { readonly little: boolean; readonly nsPerUnit: bigint }>> = {
  2712847316: { little: false, nsPerUnit: 1000n }, // a1b2c3d4
  3569595041: { little: true, nsPerUnit: 1000n }, // d4c3b2a1
  2712812621: { little: false, nsPerUnit: 1n }, // a1b23c4d
  1295823521: { little: true, nsPerUnit: 1n }, // 4d3cb2a1
};

export interface PcapFacts {
  readonly records: number;
  /** Frames that gave no datagram, by reason; datagrams to other ports apart. */
  readonly skipped: ReadonlyMap<FrameSkip, number>;
  /** Datagrams to other ports, by port. */
  readonly otherPorts: ReadonlyMap<number, number>;
  /** Why reading ended before the end of the file, or what is cut off there. */
  readonly problem: string | undefined;
}

interface Interface {
  readonly linkType: number;
  /** Nanoseconds of a time in units of this interface. */
  readonly toNs: (units: bigint) => bigint;
}

export function isPcap(head: Uint8Array): boolean {
  return head.length >= 4 && magicOf(head) in PCAP_MAGICS;
}

export function isPcapng(head: Uint8Array): boolean {
  return head.length >= 4 && magicOf(head) === SECTION_BLOCK;
}

export class PcapDecoder {
  private readonly port: number;
  private rest: Uint8Array = new Uint8Array(0);
  private at = 0;
  private records = 0;
  private readonly skipped = new Map<FrameSkip, number>();
  private readonly otherPorts = new Map<number, number>();
  private problem: string | undefined;
  private isOpen = false;
  private isNg = false;
  private little = true;
  private interfaces: Interface[] = [];
  private out: ReadRecord[] = [];

  constructor(port: number = DOGSTATSD_PORT) {
    this.port = port;
  }

  push(piece: Uint8Array): ReadRecord[] {
    if (this.problem !== undefined) return [];
    const bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    let at = 0;
    for (;;) {
      const used = this.step(bytes.subarray(at));
      if (used === 0) break;
      at += used;
      this.at += used;
    }
    this.rest = bytes.slice(at);
    return this.out.splice(0);
  }

  finish(): PcapFacts {
    if (this.problem === undefined && this.rest.length > 0)
      this.problem = `the file ends within a packet; ${this.rest.length} bytes of it are there`;
    const { records, skipped, otherPorts, problem } = this;
    return { records, skipped, otherPorts, problem };
  }

  /** Decodes what `bytes` begin with; how many of them, 0 when it is not whole or something is wrong. */
  private step(bytes: Uint8Array): number {
    if (this.problem !== undefined) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!this.isOpen) {
      if (bytes.length < 4) return 0;
      this.isNg = isPcapng(bytes);
      if (!this.isNg) return this.openPcap(bytes, view);
      this.isOpen = true;
    }
    return this.isNg ? this.block(bytes, view) : this.pcapRecord(bytes, view);
  }

  private openPcap(bytes: Uint8Array, view: DataView): number {
    if (bytes.length < PCAP_HEADER_BYTES) return 0;
    const kind = PCAP_MAGICS[magicOf(bytes)];
    if (kind === undefined) return this.fail('this is no pcap file');
    this.isOpen = true;
    this.little = kind.little;
    // The upper bits say whether frames end with a checksum.
    const linkType = view.getUint32(20, kind.little) & 0xffff;
    this.interfaces = [{ linkType, toNs: (units) => units * kind.nsPerUnit }];
    return PCAP_HEADER_BYTES;
  }

  private pcapRecord(bytes: Uint8Array, view: DataView): number {
    if (bytes.length < PCAP_RECORD_BYTES) return 0;
    const length = view.getUint32(8, this.little);
    if (length > BLOCK_BYTES_MAX) return this.fail(`a packet of ${length} bytes cannot be`);
    const end = PCAP_RECORD_BYTES + length;
    if (bytes.length < end) return 0;
    const [network] = this.interfaces as [Interface];
    const fraction = network.toNs(BigInt(view.getUint32(4, this.little)));
    const timestamp = BigInt(view.getUint32(0, this.little)) * 1_000_000_000n + fraction;
    this.frame(network.linkType, bytes.subarray(PCAP_RECORD_BYTES, end), timestamp);
    return end;
  }

  private block(bytes: Uint8Array, view: DataView): number {
    if (bytes.length < BLOCK_HEADER_BYTES + 4) return 0;
    const isSection = view.getUint32(0) === SECTION_BLOCK;
    if (isSection) {
      const little = view.getUint32(8, true) === BYTE_ORDER;
      if (!little && view.getUint32(8, false) !== BYTE_ORDER) return this.fail('a section has no byte order');
      this.little = little;
      this.interfaces = [];
    }
    const length = view.getUint32(4, this.little);
    if (length < BLOCK_HEADER_BYTES + 4 || length % 4 !== 0 || length > BLOCK_BYTES_MAX)
      return this.fail(`a block of ${length} bytes cannot be`);
    if (bytes.length < length) return 0;
    const body = bytes.subarray(BLOCK_HEADER_BYTES, length - 4);
    if (!isSection) this.blockBody(view.getUint32(0, this.little), body);
    return length;
  }

  private blockBody(type: number, body: Uint8Array): void {
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const { little } = this;
    if (type === INTERFACE_BLOCK && body.length >= 8) {
      if (this.interfaces.length < INTERFACES_MAX) this.interfaces.push(interfaceOf(body, view, little));
    } else if (type === PACKET_BLOCK && body.length >= 20) {
      this.packet(body, view, view.getUint32(0, little), 4, 20);
    } else if (type === OLD_PACKET_BLOCK && body.length >= 20) {
      this.packet(body, view, view.getUint16(0, little), 4, 20);
    } else if (type === SIMPLE_PACKET_BLOCK && body.length >= 4) {
      const length = Math.min(view.getUint32(0, little), body.length - 4);
      const first = this.interfaces[0];
      if (first === undefined) this.skip('unknown_link');
      else this.frame(first.linkType, body.subarray(4, 4 + length), 0n);
    }
  }

  /** A packet block: time at `timeAt` in two halves, then the length recorded; the frame is at `frameAt`. */
  private packet(body: Uint8Array, view: DataView, id: number, timeAt: number, frameAt: number): void {
    const network = this.interfaces[id];
    if (network === undefined) {
      this.skip('unknown_link');
      return;
    }
    const high = BigInt(view.getUint32(timeAt, this.little));
    const units = (high << 32n) | BigInt(view.getUint32(timeAt + 4, this.little));
    const length = view.getUint32(timeAt + 8, this.little);
    this.frame(network.linkType, body.subarray(frameAt, frameAt + length), network.toNs(units));
  }

  private frame(linkType: number, frame: Uint8Array, timestamp: bigint): void {
    const datagram = udpOf(linkType, frame);
    if (typeof datagram === 'string') {
      this.skip(datagram);
      return;
    }
    const { port, payload, source, missingBytes } = datagram;
    if (port !== this.port) {
      const known = this.otherPorts.get(port);
      if (known !== undefined || this.otherPorts.size < PORTS_MAX)
        this.otherPorts.set(port, (known ?? 0) + 1);
      return;
    }
    this.records++;
    this.out.push({
      ...{ timestamp, payload: payload.slice(), pid: 0, ancillary: new Uint8Array(0) },
      ...{ listener: 'udp', peer: source, missingBytes },
    });
  }

  private skip(reason: FrameSkip): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  private fail(problem: string): 0 {
    this.problem = `${problem}, at byte ${this.at}; what follows it is not read`;
    return 0;
  }
}

// link type u16 │ u16 │ snap length u32 │ options: code u16, length u16, value padded to 4
function interfaceOf(body: Uint8Array, view: DataView, little: boolean): Interface {
  let resolution = 6;
  let offset = 0n;
  for (let at = 8; at + 4 <= body.length; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > body.length) break;
    if (code === TIME_RESOLUTION && length >= 1) resolution = view.getUint8(at + 4);
    else if (code === TIME_OFFSET && length >= 8) offset = view.getBigInt64(at + 4, little);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
  const toNs = (units: bigint): bigint => (units * 1_000_000_000n) / perSecond + offset * 1_000_000_000n;
  return { linkType: view.getUint16(0, little), toNs };
}

function magicOf(head: Uint8Array): number {
  return new DataView(head.buffer, head.byteOffset).getUint32(0);
}
