/**
 * Joins the shard's pipeline with backlog, clock, time slices and reports into the shard of a listener thread. What it
 * listens on is the business of datagram-thread.ts, stream-thread.ts and proxied-thread.ts.
 *
 *   thread ──packets──▶ ListenerShard ─▶ ShardPipeline ─▶ ShardPort ─▶ control thread
 *
 * Thread  the listener thread's own.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CONTAINER } from '../../origin/entity.ts';
import { isRoot } from '../../origin/process/process-owner.ts';
import { ProcessResolver } from '../../origin/process/process-resolver.ts';
import type { ShardPipeline } from '../../shard/pipeline.ts';
import { reloadPipeline, type WorkloadsChange } from '../../shard/shard-settings.ts';
import { ControlWord } from '../../telemetry/counters/control-word.ts';
import { UnknownFields } from '../../telemetry/counters/unknown-fields.ts';
import { PacketTap } from '../capture/packet-tap.ts';
import { Backlog } from '../datagram/backlog.ts';
import type { PacketForwarder } from '../forward/packet-forwarder.ts';
import { memoryGiver } from '../memory/memory-giver.ts';
import type { RateLimiter } from '../memory/rate-limiter.ts';
import { PacketOrigins } from '../origin/packet-origins.ts';
import type { Libc } from '../system/libc.ts';
import { type Clock, portableClock, systemClock } from './clock.ts';
import { EchoSampler } from './echo-sampler.ts';
import type { ListenerSettings, ThreadMessage } from './listener-settings.ts';
import { ListenerShard } from './listener-shard.ts';
import { MessageWatch } from './message-watch.ts';
import { openReporting } from './open-reporting.ts';
import type { ShardPort } from './shard-port.ts';
import { startWarmUp } from './start-warm-up.ts';
import { makePacketForwarder, makeRateLimiter } from './thread-parts.ts';
import { TimeSlice } from './time-slice.ts';
import type { WarmUp } from './warm-up.ts';

/** A shard ready to take packets, and what its thread has to do besides. */
export interface JoinedShard {
  readonly core: ShardPipeline['core'];
  readonly shard: ListenerShard;
  /** To be gone on with while there is nothing to do. */
  readonly warmUp: WarmUp;
  readonly control: ControlWord;
  readonly clock: Clock;
  readonly reports: ShardPort;
  /** The core's counters, as they change. */
  readonly coreCounters: Float64Array;
  /** To be asked before every receive; undefined when it is off. */
  readonly limiter: RateLimiter | undefined;
  /** To be given every packet before the shard takes it; undefined when nothing is sent on. */
  readonly forwarder: PacketForwarder | undefined;
  /** Whether packets are to be shown to echoPacket() now: --echo is on, or somebody watches messages. */
  readonly echoes: boolean;
  /** Shows a packet to whoever wants it; false when nobody wants more for now. */
  echoPacket(ptr: number, length: number): boolean;
  /** Finds out who sends on Unix sockets; undefined when that is off. */
  readonly origins: PacketOrigins | undefined;
  /** Copies packets for captures; whoever receives gives it all packets while it is on. */
  readonly tap: PacketTap;
  /** To be called after every batch of packets, whole, and at least every 250 ms: publishes the counters. */
  afterBatch(): void;
  /** To be called when the control thread asks for attention: reads its messages. */
  onAttention(): void;
  /** Takes one message of the control thread, for threads that hear them as events. */
  takeMessage(message: ThreadMessage): void;
  /** Tells the control thread that the shard receives. */
  ready(): void;
  /** Tells it that everything is drained and sealed, and lets the thread end. */
  stopped(): void;
}

/**
 * Makes the shard. `libc` gives the clock where system calls can be made; `onMessage` takes the messages of the
 * control thread that are not for the shard itself.
 */
export function joinShard(
  settings: ListenerSettings,
  port: MessagePort,
  libc: Libc | undefined,
  onMessage: (message: ThreadMessage) => void = () => undefined,
): JoinedShard {
  const warmUp = startWarmUp(settings, libc);
  const control = new ControlWord(settings.control);
  const slice = new TimeSlice();
  const parts = { control, port, unknownFields: new UnknownFields(settings.unknownFields) };
  const pipeline = openReporting(settings, parts, () => slice.isOver());
  const { core, sink: reports } = pipeline;
  const clock = libc === undefined ? portableClock() : systemClock(libc);
  clock.tick();
  const backlogPtr = core.takeRegion(settings.backlogBytes);
  const backlog = new Backlog(() => core.bytes, backlogPtr, settings.backlogBytes);
  const giveMemory = memoryGiver(core, libc, () => backlog.takeUnused());
  const shard = new ListenerShard({
    pipeline,
    backlog,
    clock,
    control,
    slice,
    reporter: {
      sealed: (bucket) => reports.sealed(bucket),
      passed: (start) => {
        giveMemory();
        reports.passed(start);
      },
      freed: (slots) => reports.freed(slots),
    },
  });
  const { counters } = pipeline;
  const echo = new EchoSampler(settings.echoPerSecond, (lines, leftOut) => reports.echo(lines, leftOut));
  const isEchoed = settings.echoPerSecond > 0;
  const watch = new MessageWatch(
    (lines, leftOut) => reports.watched(lines, leftOut),
    (line) => pipeline.isRejected(line),
  );
  const partOptions = { libc, memory: () => core.bytes, giveMemory, counters: control.counters };
  const forwarder = makePacketForwarder(settings.forward, partOptions);
  const tap = new PacketTap(port, () => core.bytes);
  const origins = openOrigins(settings, pipeline, libc, control.counters);
  const takeMessage = (message: ThreadMessage): void => {
    switch (message.kind) {
      case 'reload':
        reloadPipeline(pipeline, message);
        break;
      case 'workloads':
        pipeline.learn(message.change);
        origins?.forget(endedContainers(message.change));
        break;
      case 'replay':
        origins?.useReplay(message.replay);
        break;
      case 'not_found':
        pipeline.learnNotFound(message.keys, clock.seconds[0] as number);
        break;
      case 'readmit':
        pipeline.resolver.slots.readmit(message.slots);
        break;
      case 'aim':
        forwarder?.aim(message.target);
        break;
      case 'watch':
        watch.use(message.searches, message.perSecond, pipeline.lineCount);
        break;
      case 'capture':
        tap.accept(message.command);
        break;
      case 'seal':
        if (message.patient) shard.sealNow();
        else shard.sealPart();
        reports.answered(message.request);
        break;
      default:
        onMessage(message);
    }
  };
  return {
    core,
    shard,
    warmUp,
    control,
    clock,
    reports,
    coreCounters: counters,
    limiter: makeRateLimiter(settings.rateLimiter, partOptions),
    forwarder,
    origins,
    tap,
    get echoes() {
      return isEchoed || watch.isOn;
    },
    echoPacket: (ptr, length) => {
      const isEchoing = isEchoed && echo.wantsMore;
      if (!isEchoing && !watch.wantsMore) return false;
      const packet = core.bytes.toString('latin1', ptr, ptr + length);
      if (isEchoing) echo.accept(packet);
      if (watch.wantsMore) watch.accept(packet);
      return true;
    },
    afterBatch: () => {
      control.publish(counters);
      reports.batchOver(clock.seconds[0] as number);
      if (tap.isOn) tap.flush(clock.seconds[0] as number);
      if (watch.isOn) watch.flush(pipeline.lineCount, clock.seconds[0] as number);
      if (isEchoed) echo.flush(pipeline.lineCount, clock.seconds[0] as number);
    },
    onAttention: () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        takeMessage(next.message as ThreadMessage);
      }
    },
    takeMessage,
    ready: () => {
      control.publish(counters);
      reports.ready();
    },
    stopped: () => {
      forwarder?.close();
      control.publish(counters);
      reports.stopped();
      port.close();
    },
  };
}

/** Undefined when senders are not asked for, or cannot be. */
function openOrigins(
  { socketOrigin }: ListenerSettings,
  pipeline: ShardPipeline,
  libc: Libc | undefined,
  counters: ControlWord['counters'],
): PacketOrigins | undefined {
  if (socketOrigin === undefined || libc === undefined) return undefined;
  const clock = (): number => performance.now();
  const processes = new ProcessResolver({
    ...{ procRoot: socketOrigin.procRoot, clock },
    containerOfCgroup: (id) => pipeline.containerOfCgroup(id),
    pidfdInfo: (pidfd) => {
      const cgroupId = libc.pidfdCgroup(pidfd);
      return cgroupId === undefined ? undefined : { cgroupId };
    },
  });
  const isHostRoot = (pid: number): boolean =>
    isRoot(socketOrigin.procRoot, pid) && processes.resolve(pid).kind === 'host';
  return new PacketOrigins({ processes, senders: pipeline.senders, counters, clock, isHostRoot });
}

/** Containers of which nothing is known any more: their processes' numbers may be others' by now. */
function endedContainers({ entities = {} }: WorkloadsChange): string[] {
  return Object.entries(entities).flatMap(([entity, tags]) =>
    tags === null && entity.startsWith(CONTAINER) ? [entity.slice(CONTAINER.length)] : [],
  );
}
