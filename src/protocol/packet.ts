/**
 * Splits a packet into the lines that are its messages (docs/protocol.md#from-packet-to-line).
 *
 *   a:1|c\r\n\nb:2|c
 *        ^^               a line ends at LF; one CR before it goes too
 *            ^            an empty line is skipped, without error or counter
 *             ^^^^^^      what follows the last LF is a message as well, unless
 *                         the source must end every message with LF
 *
 * In   a packet's bytes. Out  its lines in order, and how many unterminated
 * remainders were dropped: 0 or 1, as only the end of a packet can lack its LF.
 */
import type { ByteString } from '../model/text.ts';

export interface PacketLines {
  lines: ByteString[];
  /** 1 when a non-empty remainder was dropped because its LF is missing, else 0. */
  unterminated: number;
}

const CR = 0x0d;

/** Splits `packet`; with `eolRequired` (option `dogstatsd_eol_required`) an unterminated remainder is dropped. */
export function splitPacket(packet: ByteString, eolRequired: boolean): PacketLines {
  const lines: ByteString[] = [];
  let start = 0;
  for (let lf = packet.indexOf('\n'); lf >= 0; lf = packet.indexOf('\n', start)) {
    pushLine(lines, packet, start, lf);
    start = lf + 1;
  }
  if (start === packet.length) return { lines, unterminated: 0 };
  if (eolRequired) return { lines, unterminated: 1 };
  pushLine(lines, packet, start, packet.length);
  return { lines, unterminated: 0 };
}

function pushLine(lines: ByteString[], packet: ByteString, start: number, end: number): void {
  // Only one CR: a second one is data and usually makes the line's last field a bad one.
  const trimmed = end > start && packet.charCodeAt(end - 1) === CR ? end - 1 : end;
  if (trimmed > start) lines.push(packet.slice(start, trimmed));
}
