/**
 * A frame that a network tool recorded, to the UDP datagram in it.
 *
 *   link header (by link type, VLAN tags skipped) │ IPv4 or IPv6, extension headers skipped │ UDP │ payload
 *
 * Fragments are not put together: a DogStatsD client that sends some is rare, and what is left out is counted.
 */

export interface UdpDatagram {
  /** Borrowed from the frame. */
  readonly payload: Uint8Array;
  readonly sourcePort: number;
  readonly port: number;
  /** `10.0.0.1:40000` or `[fd00::1]:40000`. */
  readonly source: string;
  /** Bytes that were sent and not recorded. */
  readonly missingBytes: number;
}

/** Why a frame gives no datagram. */
export type FrameSkip = 'unknown_link' | 'not_udp' | 'fragment' | 'cut' | 'duplicate';

const ETHERNET = 1;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100];
const UDP = 17;
/** Extension headers of IPv6 that say their length in units of 8 bytes. */
const EXTENSIONS = [0, 43, 60];
const FRAGMENT = 44;
/** What Linux calls the loopback device in cooked captures, and packets on their way out. */
const ARPHRD_LOOPBACK = 772;
const OUTGOING = 4;

export function udpOf(linkType: number, frame: Uint8Array): UdpDatagram | FrameSkip {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  try {
    const network = networkOf(linkType, view);
    if (typeof network === 'string') return network;
    return network.type === IPV4 ? ipv4(frame, view, network.at) : ipv6(frame, view, network.at);
  } catch (error) {
    // Reading beyond the end: the frame is shorter than its headers.
    if (error instanceof RangeError) return 'cut';
    throw error;
  }
}

/** Where the network header begins, and whether it is IPv4 or IPv6. */
function networkOf(linkType: number, view: DataView): { type: number; at: number } | FrameSkip {
  switch (linkType) {
    case 0:
    case 108: // BSD loopback: address family, of the writer's byte order or the network's
      return byVersion(view, 4);
    case ETHERNET:
      return byType(view, 12);
    case 12:
    case 14:
    case 101: // raw IP
    case 228:
    case 229:
      return byVersion(view, 0);
    case 113: // Linux cooked: packet type u16 │ ARPHRD u16 │ address 10 bytes │ protocol u16
      if (view.getUint16(2) === ARPHRD_LOOPBACK && view.getUint16(0) === OUTGOING) return 'duplicate';
      return byType(view, 14);
    case 276: // Linux cooked 2: protocol u16 │ 2 │ interface u32 │ ARPHRD u16 │ packet type u8 │ 9
      if (view.getUint16(8) === ARPHRD_LOOPBACK && view.getUint8(10) === OUTGOING) return 'duplicate';
      return atType(view.getUint16(0), 20);
    default:
      return 'unknown_link';
  }
}

function byType(view: DataView, at: number): { type: number; at: number } | FrameSkip {
  let typeAt = at;
  while (VLAN_TYPES.includes(view.getUint16(typeAt))) typeAt += 4;
  return atType(view.getUint16(typeAt), typeAt + 2);
}

function atType(type: number, at: number): { type: number; at: number } | FrameSkip {
  return type === IPV4 || type === IPV6 ? { type, at } : 'not_udp';
}

function byVersion(view: DataView, at: number): { type: number; at: number } | FrameSkip {
  const version = view.getUint8(at) >> 4;
  return version === 4 ? { type: IPV4, at } : version === 6 ? { type: IPV6, at } : 'not_udp';
}

function ipv4(frame: Uint8Array, view: DataView, at: number): UdpDatagram | FrameSkip {
  const headerBytes = (view.getUint8(at) & 15) * 4;
  if (view.getUint8(at + 9) !== UDP) return 'not_udp';
  // flags 3 bits │ fragment offset 13 bits; "do not fragment" is no fragment.
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return 'fragment';
  const host = frame.subarray(at + 12, at + 16).join('.');
  return udp(frame, view, at + headerBytes, host);
}

function ipv6(frame: Uint8Array, view: DataView, at: number): UdpDatagram | FrameSkip {
  let next = view.getUint8(at + 6);
  let header = at + 40;
  while (next !== UDP) {
    if (next === FRAGMENT) {
      // offset 13 bits │ 2 │ more; both 0 is a packet in one piece.
      if ((view.getUint16(header + 2) & 0xfff9) !== 0) return 'fragment';
      next = view.getUint8(header);
      header += 8;
    } else if (EXTENSIONS.includes(next)) {
      next = view.getUint8(header);
      header += 8 * (view.getUint8(header + 1) + 1);
    } else return 'not_udp';
  }
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 8 + 2 * i).toString(16));
  return udp(frame, view, header, new URL(`http://[${groups.join(':')}]`).hostname);
}

// source port u16 │ destination port u16 │ length u16, header included │ checksum u16 │ payload
function udp(frame: Uint8Array, view: DataView, at: number, host: string): UdpDatagram | FrameSkip {
  const length = view.getUint16(at + 4);
  view.getUint16(at + 6);
  // A length of 0 is a datagram that the network card was to cut to size.
  const wanted = length === 0 ? frame.length - at - 8 : length - 8;
  if (wanted < 0) return 'cut';
  const payload = frame.subarray(at + 8, at + 8 + wanted);
  const sourcePort = view.getUint16(at);
  return {
    payload,
    sourcePort,
    port: view.getUint16(at + 2),
    source: `${host}:${sourcePort}`,
    missingBytes: wanted - payload.length,
  };
}
