/**
 * Senders: the numbers under which a shard knows the containers that packets come from.
 *
 *   container ─▶ number ─▶ key of the core's tables, so that the same bytes of two containers are two lines
 *      ▲           │
 *      └───────────┴─▶ senderOf(): what the resolver is told
 *
 * A number stands for a container at one time: when its tags appear, change or go, it gets a new number, so that the
 * lines that were cached under the one before are never found again. They are swept out as every idle line is.
 *
 * Thread  that of the shard.
 * Limits  SENDERS_MAX containers; the one that was longest unused is given up first, counted. Numbers that are not used
 *         any more keep their meaning for packets of the backlog, RETIRED_MAX of them; beyond, the sender is unknown,
 *         counted. A number is never used again: 32 bits last for 49 days of 1,000 changes a second.
 */
import type { PacketOrigin } from '../enrich/enrich.ts';
import { UNKNOWN_SENDER } from '../enrich/enrich.ts';
import { type ByteString, detachText } from '../model/text.ts';

const CONTAINER = 'container_id://';
const SENDERS_MAX = 16_384;
const RETIRED_MAX = 65_536;

/** What a sender is called while only the cgroup of its process is known. */
const CGROUP = 'cgroup://';

interface Sender {
  /** Container, or cgroup, under which it is listed. */
  readonly entity: ByteString;
  origin: PacketOrigin;
  /** The number it has now; 0 when it was given up. */
  number: number;
}

export class Senders {
  /** Containers that were given up for others, and packets whose sender was not known any more. */
  evicted = 0;
  forgotten = 0;
  /** Grows whenever a number that was given out is not the right one any more. */
  edition = 0;
  private readonly sendersMax: number;
  private readonly retiredMax: number;
  private readonly byEntity = new Map<ByteString, Sender>();
  private readonly byNumber = new Map<number, Sender>();
  /** Numbers that nobody is given any more, oldest first. */
  private readonly retired = new Set<number>();
  private lastNumber = 0;

  constructor(sendersMax = SENDERS_MAX, retiredMax = RETIRED_MAX) {
    this.sendersMax = sendersMax;
    this.retiredMax = retiredMax;
  }

  get count(): number {
    return this.byEntity.size;
  }

  /** The number of `container_id://<id>`; 0 for the empty text, a sender that is not known. */
  numberOf(entity: ByteString): number {
    if (entity === '') return 0;
    const known = this.byEntity.get(entity);
    if (known !== undefined) {
      // The order of the map is that of the last use.
      this.byEntity.delete(entity);
      this.byEntity.set(entity, known);
      return known.number;
    }
    if (this.byEntity.size >= this.sendersMax) this.giveUpOldest();
    const text = detachText(entity);
    const cgroup = text.startsWith(CGROUP) ? BigInt(text.slice(CGROUP.length)) : undefined;
    const origin = cgroup === undefined ? { socket: text, pid: 0 } : { ...UNKNOWN_SENDER, cgroup };
    const sender: Sender = { entity: text, origin, number: 0 };
    this.byEntity.set(text, sender);
    this.number(sender);
    return sender.number;
  }

  /** What a number stands for. */
  senderOf(number: number): PacketOrigin {
    return this.byNumber.get(number)?.origin ?? UNKNOWN_SENDER;
  }

  /** The number that the sender of `number`, which may be an older one, has now. */
  current(number: number): number {
    if (number === 0) return 0;
    const sender = this.byNumber.get(number);
    if (sender === undefined) {
      this.forgotten++;
      return 0;
    }
    return sender.number === number ? number : this.numberOf(sender.entity);
  }

  /** What is known of the container has changed: cached lines of it are not to be found any more. */
  renew(entity: ByteString): void {
    const sender = this.byEntity.get(entity);
    if (sender === undefined) return;
    this.retire(sender.number);
    this.number(sender);
    this.edition++;
  }

  /** The number of a process that is gone, of which only the cgroup is known. */
  numberOfCgroup(id: bigint): number {
    return this.numberOf(CGROUP + id);
  }

  /** It is known now which container a cgroup is: those who were known by it are that container. */
  identify(cgroup: string, containerId: ByteString): void {
    const sender = this.byEntity.get(CGROUP + cgroup);
    if (sender === undefined) return;
    sender.origin = { socket: CONTAINER + containerId, pid: 0 };
    this.renew(sender.entity);
  }

  private number(sender: Sender): void {
    sender.number = ++this.lastNumber;
    this.byNumber.set(sender.number, sender);
  }

  private giveUpOldest(): void {
    const [oldest] = this.byEntity.values();
    if (oldest === undefined) return;
    this.byEntity.delete(oldest.entity);
    this.retire(oldest.number);
    oldest.number = 0;
    this.evicted++;
    this.edition++;
  }

  private retire(number: number): void {
    this.retired.add(number);
    if (this.retired.size <= this.retiredMax) return;
    const [oldest] = this.retired;
    this.retired.delete(oldest as number);
    this.byNumber.delete(oldest as number);
  }
}
