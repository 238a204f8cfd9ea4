/**
 * Plain lines as traffic: a packet each.
 *
 *   @1005 page.views:1|c       a time in seconds, a space, a line
 *   page.views:2|c             without a time: the time of the line before, 0 for the first
 */
import type { ByteString } from '../../model/text.ts';
import type { ReadRecord } from './record.ts';
import { LineCutter } from './text-lines.ts';

const TIMED_LINE = /^@(\d{1,12})(?:\.(\d{1,9})\d*)? /;

export class TimedLineDecoder {
  private readonly cutter = new LineCutter();
  private timestamp = 0n;

  push(piece: Uint8Array): ReadRecord[] {
    return this.cutter.push(piece).flatMap((line) => this.line(line));
  }

  finish(): ReadRecord[] {
    return this.cutter.finish().flatMap((line) => this.line(line));
  }

  private line(text: ByteString): ReadRecord[] {
    const time = TIMED_LINE.exec(text);
    if (time !== null) {
      const fraction = (time[2] ?? '').padEnd(9, '0');
      this.timestamp = BigInt(time[1] as string) * 1_000_000_000n + BigInt(fraction);
    }
    const line = text.slice(time?.[0].length ?? 0);
    if (line === '') return [];
    return [
      {
        timestamp: this.timestamp,
        payload: Buffer.from(line, 'latin1'),
        ...{ pid: 0, ancillary: new Uint8Array(0), listener: '', peer: '', missingBytes: 0 },
      },
    ];
  }
}
