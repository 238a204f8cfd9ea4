import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketSegment, UNKNOWN_SOURCE } from '../../lib/packet-segment.ts';
import type { CapturedSegment } from '../../model/views/captured.ts';
import { SegmentMerge } from './segment-merge.ts';

/** A segment with a packet of no bytes for each time. */
function segment(...times: number[]): CapturedSegment {
  const made = new PacketSegment(new ArrayBuffer(32 * times.length));
  for (const seconds of times)
    made.append(new Uint8Array(0), new Int32Array(0), 0, 0, seconds, false, UNKNOWN_SOURCE);
  return { buffer: made.buffer, length: made.length, packets: made.packets };
}

class Merged {
  readonly written: string[] = [];
  readonly read: number[] = [];
  readonly merge: SegmentMerge;

  constructor(segmentsMax: number) {
    this.merge = new SegmentMerge({
      segmentsMax,
      write: ({ seconds }, [name]) => void this.written.push(`${name}${seconds}`),
      onRead: (thread) => void this.read.push(thread),
    });
  }

  add(thread: number, ...segments: CapturedSegment[]): void {
    this.merge.add(thread, [String.fromCharCode(97 + thread)], segments);
  }
}

describe('packets of several threads', () => {
  it('are written in the order of time, as far as they are settled', () => {
    const merged = new Merged(8);
    merged.add(0, segment(1, 4), segment(5, 9));
    merged.add(1, segment(2, 3, 6));
    expect(merged.written).toEqual([]);
    merged.merge.writeUntil(5);
    expect(merged.written).toEqual(['a1', 'b2', 'b3', 'a4', 'a5']);
    expect(merged.read).toEqual([0]);
    merged.merge.writeUntil(Number.POSITIVE_INFINITY);
    expect(merged.written.slice(5)).toEqual(['b6', 'a9']);
    expect(merged.read).toEqual([0, 1, 0]);
  });

  it('do not wait when they have half of the segments of their thread', () => {
    const merged = new Merged(4);
    merged.add(1, segment(1.5), segment(3.5));
    merged.add(0, segment(1), segment(2));
    expect(merged.written).toEqual([]);
    merged.add(0, segment(3));
    expect(merged.written).toEqual(['a1', 'b1.5', 'a2']);
    expect(merged.read).toEqual([0, 1, 0]);
    merged.add(0, segment(4), segment(5));
    expect(merged.written.slice(3)).toEqual(['a3', 'b3.5', 'a4']);
  });

  it('go on whatever the clock does, and each once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.array(fc.nat(20), { minLength: 1, maxLength: 4 })), {
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 6 }),
        (segments, segmentsMax) => {
          const merged = new Merged(segmentsMax);
          const added = [0, 0, 0];
          for (const [thread, times] of segments) {
            merged.add(thread, segment(...times));
            (added[thread] as number) += 1;
            const held = (added[thread] as number) - merged.read.filter((one) => one === thread).length;
            expect(held).toBeLessThanOrEqual(Math.max(segmentsMax >> 1, 1) + 1);
          }
          merged.merge.writeUntil(Number.POSITIVE_INFINITY);
          const all = segments.flatMap(([thread, times]) =>
            times.map((time) => `${String.fromCharCode(97 + thread)}${time}`),
          );
          expect([...merged.written].sort()).toEqual(all.sort());
          expect(merged.read).toHaveLength(segments.length);
        },
      ),
    );
  });
});
