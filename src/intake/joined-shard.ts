/**
 * Joins core, cold path, clock and reports into the shard of an intake thread. What it listens on is the
 * business of the entries: intake.worker.ts for datagrams, stream.worker.ts for streams.
 *
 *   entry ──packets──▶ Shard ─▶ Core ─miss─▶ Resolver ─▶ ShardPort ─▶ control thread
 *
 * Thread  the intake thread's own.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Core, type CoreSettings, countersView } from '../core/core.ts';
import { CORE_COUNTERS } from '../core/counters.ts';
import { RESOLVER_SCRATCH_BYTES } from '../enrich/context-slots.ts';
import { Resolver } from '../enrich/resolver.ts';
import { compileEnrichSettings, type EnrichSettings } from '../enrich/settings.ts';
import { StaticTagger } from '../enrich/static-tagger.ts';
import { parseMessage } from '../protocol/message.ts';
import { UnknownFields } from '../protocol/unknown-fields.ts';
import { ControlWord, makeControlBuffer } from '../telemetry/control-word.ts';
import { Backlog } from './backlog.ts';
import { type Clock, portableClock, systemClock } from './clock.ts';
import { EchoSampler } from './echo-sampler.ts';
import type { Forwarder } from './forwarder.ts';
import type { IntakeSettings, ThreadMessage } from './intake-settings.ts';
import type { Libc } from './libc.ts';
import { memoryGiver } from './memory-giver.ts';
import { MessageWatch } from './message-watch.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { rehearsalPackets } from './rehearsal.ts';
import { Shard } from './shard.ts';
import { type ReportPort, ShardPort } from './shard-port.ts';
import { makeForwarder, makeRateLimiter } from './thread-parts.ts';

/** Room for a packet of the rehearsal and what the core reads beyond it. */
const REHEARSAL_PACKET_BYTES = 8192;

/** A shard ready to take packets, and what its thread has to do besides. */
export interface JoinedShard {
  readonly core: Core;
  readonly shard: Shard;
  readonly control: ControlWord;
  readonly clock: Clock;
  readonly reports: ShardPort;
  /** The core's counters, as they change. */
  readonly coreCounters: Float64Array;
  /** To be asked before every receive; undefined when it is off. */
  readonly limiter: RateLimiter | undefined;
  /** To be given every packet before the shard takes it; undefined when nothing is sent on. */
  readonly forwarder: Forwarder | undefined;
  /** Whether packets are to be shown to echoPacket() now: --echo is on, or somebody watches messages. */
  readonly echoes: boolean;
  /** Shows a packet to whoever wants it; false when nobody wants more for now. */
  echoPacket(ptr: number, length: number): boolean;
  /** To be called after every batch of packets, whole, and at least every 100 ms: publishes the counters. */
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

interface JoinedCore {
  readonly core: Core;
  readonly resolver: Resolver;
  readonly reports: ShardPort;
}

/**
 * Makes the shard. `libc` gives the clock where system calls can be made; `onMessage` takes the messages of the
 * control thread that are not for the shard itself.
 */
export function joinShard(
  settings: IntakeSettings,
  port: MessagePort,
  libc: Libc | undefined,
  onMessage: (message: ThreadMessage) => void = () => undefined,
): JoinedShard {
  const enrich = compileEnrichSettings(settings.enrich);
  rehearse(settings, enrich);
  const control = new ControlWord(settings.control);
  const unknownFields = new UnknownFields(settings.unknownFields);
  const { core, resolver, reports } = joinCore(settings, enrich, control, unknownFields, port, () =>
    shard.sliceIsOver(),
  );
  const clock = libc === undefined ? portableClock() : systemClock(libc);
  clock.tick();
  const backlogPtr = core.takeRegion(settings.backlogBytes);
  const backlog = new Backlog(() => core.bytes, backlogPtr, settings.backlogBytes);
  const giveMemory = memoryGiver(core, libc, () => backlog.takeUnused());
  const shard: Shard = new Shard({
    core,
    backlog,
    clock,
    control,
    reporter: {
      sealed: (bucket) => reports.sealed(bucket),
      passed: (start) => {
        giveMemory();
        reports.passed(start);
      },
      freed: (slots) => {
        resolver.slots.free(slots);
        reports.freed(slots);
      },
    },
    intervalSeconds: settings.intervalSeconds,
    eolRequired: settings.eolRequired,
  });
  const counters = countersView(settings.memory, core.countersPtr);
  const echo = new EchoSampler(settings.echoPerSecond, (lines, leftOut) => reports.echo(lines, leftOut));
  const isEchoed = settings.echoPerSecond > 0;
  const watch = new MessageWatch((lines, leftOut) => reports.watched(lines, leftOut));
  const partOptions = { libc, memory: () => core.bytes, giveMemory, counters: control.counters };
  const forwarder = makeForwarder(settings.forward, partOptions);
  const takeMessage = (message: ThreadMessage): void => {
    switch (message.kind) {
      case 'reload':
        resolver.use(compileEnrichSettings(message.enrich), new StaticTagger(message.workloads));
        core.forgetLines();
        break;
      case 'readmit':
        resolver.slots.readmit(message.slots);
        break;
      case 'aim':
        forwarder?.aim(message.target);
        break;
      case 'watch':
        watch.use(message.searches, message.perSecond);
        break;
      case 'seal':
        shard.sealNow();
        reports.answered(message.request);
        break;
      default:
        onMessage(message);
    }
  };
  return {
    core,
    shard,
    control,
    clock,
    reports,
    coreCounters: counters,
    limiter: makeRateLimiter(settings.rateLimiter, partOptions),
    forwarder,
    get echoes() {
      return isEchoed || watch.isOn;
    },
    echoPacket: (ptr, length) => {
      const packet = core.bytes.toString('latin1', ptr, ptr + length);
      if (isEchoed && echo.wantsMore) echo.take(packet);
      if (watch.isOn) watch.take(packet);
      return watch.isOn || echo.wantsMore;
    },
    afterBatch: () => {
      control.publish(counters);
      reports.sendContexts();
      if (watch.isOn) watch.flush(clock.seconds[0] as number);
      if (isEchoed) echo.flush(counters[CORE_COUNTERS.lines] as number, clock.seconds[0] as number);
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

/** Core and cold path on the shard's memory. */
function joinCore(
  settings: IntakeSettings,
  enrich: EnrichSettings,
  control: ControlWord,
  unknownFields: UnknownFields,
  port: ReportPort,
  mustYield: () => boolean,
): JoinedCore {
  const now = Math.floor(Date.now() / 1000);
  const core: Core = new Core(
    settings.module,
    settings.memory,
    settings.core,
    settings.hashKey,
    now - (now % settings.intervalSeconds),
    (line, length, origin) => {
      resolver.resolve(line, length, origin);
      return mustYield() ? 1 : 0;
    },
  );
  const reports = new ShardPort(port, control, (into, at) => core.writeContextKey(into, at));
  const resolver = new Resolver({
    core,
    scratchPtr: core.takeRegion(RESOLVER_SCRATCH_BYTES),
    parse: parserFor(settings.core, control, unknownFields),
    settings: enrich,
    limits: settings.limits,
    tagger: new StaticTagger(settings.workloads),
    counters: control.counters,
    sink: reports,
  });
  return { core, resolver, reports };
}

/**
 * Runs the cold path for nobody to hear of, so that it is compiled when packets come. It uses the shard's own
 * memory, which the core that is made next finds empty again.
 */
function rehearse(settings: IntakeSettings, enrich: EnrichSettings): void {
  const silent: ReportPort = { postMessage: () => undefined };
  const control = new ControlWord(makeControlBuffer());
  const { core } = joinCore(settings, enrich, control, new UnknownFields(), silent, () => false);
  const packetPtr = core.takeRegion(REHEARSAL_PACKET_BYTES);
  for (const packet of rehearsalPackets()) {
    const length = core.bytes.write(packet, packetPtr, 'latin1');
    core.ingest(packetPtr, length, 0, false, false);
  }
}

/** The cold path's parser with the options of the configuration. */
function parserFor(
  core: CoreSettings,
  control: ControlWord,
  unknownFields: UnknownFields,
): (line: string) => ReturnType<typeof parseMessage> {
  const options = {
    noAggregationPipeline: core.timestamps,
    originDetectionClient: core.clientFields,
    observer: {
      unknownField: (firstByte: string) => {
        control.counters.add('unknownFields');
        unknownFields.add(firstByte);
      },
      badOriginField: () => control.counters.add('badOriginFields'),
    },
  };
  return (line) => parseMessage(line, options);
}
