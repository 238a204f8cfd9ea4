/**
 * Cuts a stream of text into lines, whatever pieces it comes in. Text is bytes (model/text.ts).
 *
 * Limits  a line ends after LINE_BYTES_MAX bytes even without a newline, so that memory has a bound.
 */
import type { ByteString } from '../../model/text.ts';

const LINE_BYTES_MAX = 1024 * 1024;

export class LineCutter {
  private rest = '';

  /** The lines that are whole with this piece, without their ends. */
  push(piece: Uint8Array): ByteString[] {
    const text = this.rest + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
    const lines = text.split('\n');
    this.rest = lines.pop() as string;
    if (this.rest.length > LINE_BYTES_MAX) {
      lines.push(this.rest);
      this.rest = '';
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** The last line, when it has no newline. */
  finish(): ByteString[] {
    const { rest } = this;
    this.rest = '';
    return rest === '' ? [] : [rest];
  }
}
