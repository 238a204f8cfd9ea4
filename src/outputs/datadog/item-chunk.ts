/**
 * Encoded items on their way from the encoders to the packer: one array of bytes and where each item ends.
 *
 *   │ item │ item │ item │ …        ends: 210, 431, 640      points: 1, 1, 1      groups: '', '', ''
 *
 * Why  a flush of 100,000 series would otherwise be 100,000 small arrays.
 */
import { ProtoWriter } from '../protobuf/proto-writer.ts';

export class ItemChunk {
  readonly writer: ProtoWriter;
  readonly ends: number[] = [];
  readonly points: number[] = [];
  /** What a dropped item is called in the log, one character a byte. */
  readonly names: string[] = [];
  /** What has to stand together in a body: the source type of an event, else empty. */
  readonly groups: string[] = [];
  private order: readonly number[] | undefined;

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

  /** Puts the items of a group together when they are visited; otherwise they stay in order. */
  group(): void {
    const members = new Map<string, number[]>();
    this.groups.forEach((group, index) => {
      const known = members.get(group);
      if (known === undefined) members.set(group, [index]);
      else known.push(index);
    });
    if (members.size > 1) this.order = [...members.values()].flat();
  }

  /** Positions of the items in the order to visit them. */
  *indexes(): Generator<number> {
    if (this.order !== undefined) yield* this.order;
    else for (let index = 0; index < this.size; index++) yield index;
  }
}
