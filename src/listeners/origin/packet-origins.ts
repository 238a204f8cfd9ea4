/**
 * Hot path. From the process that sent a packet to the number of its container.
 *
 *   batch ─▶ pid of each ─▶ seen within RECENT_MS? ─▶ number of its container, or 0
 *                                └no─▶ ProcessResolver (cache, pidfd, /proc) ─▶ Senders
 *
 * During a replay that this server knows of, packets with the marker of a replay are those of the captured senders.
 *
 * Thread  the listener thread's own.
 * Limits  RECENT_MAX processes are remembered here, for RECENT_MS; then ProcessResolver answers, which has a cache that
 *         notices numbers that are used again.
 */
import { REPLAY_GID, type ReplaySenders } from '../../model/replay-senders.ts';
import { CONTAINER } from '../../origin/entity.ts';
import type { ProcessAnswer, ProcessResolver } from '../../origin/process/process-resolver.ts';
import type { Senders } from '../../shard/senders.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import type { CredentialSlots } from './credential-slots.ts';
import type { PidfdSwitch } from './pidfd-switch.ts';

const RECENT_MS = 100;
const RECENT_MAX = 4096;
const ROOTS_MAX = 256;

/** What the origin of packets is found with. */
export interface OriginParts {
  /** Whether a process is root's, and in no container. */
  readonly isHostRoot?: (pid: number) => boolean;
  readonly processes: Pick<ProcessResolver, 'resolve' | 'forgetContainer'>;
  readonly senders: Senders;
  readonly counters: ShardCounters;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/** What the kernel says of a sender; pid 0 when it is not seen here. */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

interface Recent {
  readonly number: number;
  readonly at: number;
}

export class PacketOrigins {
  private readonly parts: OriginParts;
  private readonly recent = new Map<number, Recent>();
  private _edition = 0;
  private replay: ReplaySenders | undefined;
  /** Whether processes that speak for others are root's, asked again after RECENT_MS. */
  private readonly roots = new Map<number, { readonly is: boolean; readonly at: number }>();

  constructor(parts: OriginParts) {
    this.parts = parts;
  }

  /** Writes the numbers of the senders of `count` messages of a batch, from `first` on. */
  resolveBatch(
    first: number,
    count: number,
    slots: CredentialSlots,
    into: Uint32Array,
    pidfds?: PidfdSwitch,
  ): void {
    const now = this.parts.clock();
    this.noticeEdition();
    let lastPid = -1;
    let lastNumber = 0;
    let known = 0;
    for (let i = first; i < first + count; i++) {
      const pid = slots.pid(i);
      const captured =
        this.replay === undefined ? undefined : this.captured(pid, slots.uid(i), slots.gid(i), now);
      if (captured === undefined && (pid !== lastPid || pid === 0)) {
        lastNumber = this.seen(pid, slots.pidfd(i), now, pidfds);
        lastPid = pid;
      }
      const number = captured ?? lastNumber;
      into[i] = number;
      if (number !== 0) known++;
    }
    this.parts.counters.add('originPackets', known);
    pidfds?.count(count, now);
  }

  /** The number of who has sent a piece of a stream; `pidfd` is a descriptor of that process, if there is one. */
  resolve(
    { pid, uid, gid }: Credentials,
    pidfd: number | undefined,
    pidfds: PidfdSwitch | undefined,
  ): number {
    const now = this.parts.clock();
    this.noticeEdition();
    pidfds?.count(1, now);
    const captured = this.replay === undefined ? undefined : this.captured(pid, uid, gid, now);
    return captured ?? this.seen(pid, pidfd, now, pidfds);
  }

  /** Whether credentials may be those of another process, which this one replays. */
  isReplayed({ gid }: Credentials): boolean {
    return this.replay !== undefined && gid === REPLAY_GID;
  }

  /** Packets of a replay are those of the captured senders from now on; undefined ends that. */
  useReplay(replay: ReplaySenders | undefined): void {
    this.replay = replay;
    this.roots.clear();
  }

  /** The container of one process; undefined when it may be known later, or never. */
  containerOf(pid: number, pidfd: number | undefined): ProcessAnswer {
    const answer = this.parts.processes.resolve(pid, pidfd);
    if (answer.kind === 'unknown') {
      this.parts.counters.add('originErrors');
      if (answer.reason === 'invisible') this.parts.counters.add('originInvisible');
    }
    return answer;
  }

  /** The number of a container now. */
  numberOf(containerId: string): number {
    return this.parts.senders.numberOf(CONTAINER + containerId);
  }

  /** The number of the sender with this answer; 0 when it is nobody's container. */
  numberOfAnswer(answer: ProcessAnswer): number {
    if (answer.kind === 'container') return this.numberOf(answer.containerId);
    const isNamed = answer.kind === 'unknown' && answer.cgroup !== undefined;
    return isNamed ? this.parts.senders.numberOfCgroup(answer.cgroup) : 0;
  }

  /** Changes whenever a number may be another one. */
  get edition(): number {
    return this.parts.senders.edition;
  }

  /** Containers have ended or are others now: their processes are looked up again. */
  forget(containerIds: Iterable<string>): void {
    for (const id of containerIds) this.parts.processes.forgetContainer(id);
    this.recent.clear();
  }

  private noticeEdition(): void {
    const { edition } = this.parts.senders;
    if (this._edition === edition) return;
    this._edition = edition;
    this.recent.clear();
  }

  /** The number of a captured sender; undefined when the message is no replay's, or may not be. */
  private captured(pid: number, uid: number, gid: number, now: number): number | undefined {
    const { replay } = this;
    if (replay === undefined || gid !== REPLAY_GID || !this.mayReplay(pid, replay, now)) return undefined;
    return this.parts.senders.numberOf(replay.senders.get(uid) ?? '');
  }

  private seen(pid: number, pidfd: number | undefined, now: number, pidfds: PidfdSwitch | undefined): number {
    const recent = this.recent.get(pid);
    if (recent !== undefined && now - recent.at < RECENT_MS) return recent.number;
    return this.look(pid, pidfd, now, pidfds);
  }

  /**
   * Only the process that replays, which the kernel vouches for, or root of the host: otherwise anybody with this group could
   * claim to be any captured sender.
   */
  private mayReplay(pid: number, replay: ReplaySenders, now: number): boolean {
    if (pid > 0 && pid === replay.pid) return true;
    let root = this.roots.get(pid);
    if (root === undefined || now - root.at >= RECENT_MS) {
      if (this.roots.size >= ROOTS_MAX) this.roots.clear();
      root = { is: pid > 0 && this.parts.isHostRoot?.(pid) === true, at: now };
      this.roots.set(pid, root);
    }
    if (!root.is) this.parts.counters.add('originReplayRefused');
    return root.is;
  }

  private look(pid: number, pidfd: number | undefined, now: number, pidfds: PidfdSwitch | undefined): number {
    const answer = this.containerOf(pid, pidfd);
    if (answer.kind === 'unknown') {
      if (pidfd === undefined && pid > 0) pidfds?.missed(now);
      return this.numberOfAnswer(answer);
    }
    const number = this.numberOfAnswer(answer);
    if (this.recent.size >= RECENT_MAX) this.recent.clear();
    this.recent.set(pid, { number, at: now });
    return number;
  }
}
