/**
 * Encoded items on their way from the encoders to the packer: one array of bytes and where each item ends.
 *
 *   │ item │ item │ item │ …        ends: 210, 431, 640      points: 1, 1, 1      groups: '', '', ''
 *
 * Why  a flush of 100,000 series would otherwise be 100,000 small arrays.
 */
import { ProtoWriter } from './proto-writer.ts';

export class ItemChunk {
  readonly writer: ProtoWriter;
  readonly ends: number[] = [];
  readonly points: number[] = [];
  /** What a dropped item is called in the log, one character a byte. */
  readonly names: string[] = [];
  /** What has to stand together in a body: the source type of an event, else empty. */
  readonly groups: string[] = [];

  constructor(capacity: number) {
    this.writer = new ProtoWriter(capacity);
  }

  get size(): number {
    return this.ends.length;
  }

  get byteCount(): number {
    return this.writer.length;
  }

  start(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] as number);
  }

  /** Ends the item that was written since the last one. */
  endItem(points: number, name: string, group = ''): void {
    this.ends.push(this.writer.length);
    this.points.push(points);
    this.names.push(name);
    this.groups.push(group);
  }

  /** The same items, those of a group together, otherwise in order. */
  grouped(): ItemChunk {
    const { groups, names, points, writer } = this;
    const order = new Map<string, number[]>();
    groups.forEach((group, index) => {
      const members = order.get(group);
      if (members === undefined) order.set(group, [index]);
      else members.push(index);
    });
    if (order.size <= 1) return this;
    const chunk = new ItemChunk(this.byteCount);
    for (const [group, members] of order) {
      for (const index of members) {
        chunk.writer.raw(writer.bytes.subarray(this.start(index), this.ends[index] as number));
        chunk.endItem(points[index] as number, names[index] as string, group);
      }
    }
    return chunk;
  }
}
