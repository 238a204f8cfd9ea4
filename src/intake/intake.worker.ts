/**
 * Entry of an intake thread: joins core, cold path and socket into a shard and runs it.
 *
 *   socket ─▶ slots ─▶ Shard ─▶ Core ─miss─▶ Resolver ─▶ ShardPort ─▶ control thread
 *
 * The thread ends by itself when the control word says stop and everything has been sealed.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Core, type CoreSettings, countersView } from '../core/core.ts';
import { CORE_COUNTERS } from '../core/counters.ts';
import { RESOLVER_SCRATCH_BYTES, Resolver } from '../enrich/resolver.ts';
import { compileEnrichSettings, type EnrichSettings } from '../enrich/settings.ts';
import { StaticTagger } from '../enrich/static-tagger.ts';
import { parseMessage } from '../protocol/message.ts';
import { UnknownFields } from '../protocol/unknown-fields.ts';
import { ControlWord, makeControlBuffer } from '../telemetry/control-word.ts';
import { Backlog } from './backlog.ts';
import { portableClock, systemClock } from './clock.ts';
import { runDatagramLoop } from './datagram-loop.ts';
import { EchoSampler } from './echo-sampler.ts';
import type { IntakeSettings, ReloadMessage } from './intake-settings.ts';
import { type Libc, loadLibc } from './libc.ts';
import { runPortableUdp } from './portable.ts';
import { ReceiveSlots } from './receive-slots.ts';
import { rehearsalPackets } from './rehearsal.ts';
import { Shard } from './shard.ts';
import { type ReportPort, ShardPort } from './shard-port.ts';

/** Datagrams a receive takes at most: 64 of 8 KiB stay in the processor's second-level cache. */
const BATCH_PACKETS = 64;
/** Room for a packet of the rehearsal and what the core reads beyond it. */
const REHEARSAL_PACKET_BYTES = 8192;
/** What the core reads beyond a packet. */
const PACKET_PADDING_BYTES = 128;

interface JoinedCore {
  readonly core: Core;
  readonly resolver: Resolver;
  readonly reports: ShardPort;
}

run(workerData as IntakeSettings, parentPort as MessagePort);

function run(settings: IntakeSettings, port: MessagePort): void {
  const enrich = compileEnrichSettings(settings.enrich);
  rehearse(settings, enrich);
  const control = new ControlWord(settings.control);
  const unknownFields = new UnknownFields(settings.unknownFields);
  const { core, resolver, reports } = joinCore(settings, enrich, control, unknownFields, port, () =>
    shard.sliceIsOver(),
  );
  const libc = settings.listener.kind === 'datagram' ? loadLibc() : undefined;
  const clock = libc === undefined ? portableClock() : systemClock(libc);
  clock.tick();
  const backlogPtr = core.takeRegion(settings.backlogBytes);
  const shard: Shard = new Shard({
    core,
    backlog: new Backlog(() => core.bytes, backlogPtr, settings.backlogBytes),
    clock,
    control,
    reporter: reports,
    intervalSeconds: settings.intervalSeconds,
    eolRequired: settings.eolRequired,
  });
  const counters = countersView(settings.memory, core.countersPtr);
  const echo = new EchoSampler(settings.echoPerSecond, (lines, leftOut) => reports.echo(lines, leftOut));
  const echoes = settings.echoPerSecond > 0;
  const echoPacket = (ptr: number, length: number): void => {
    if (echo.wantsMore) echo.take(core.bytes.toString('latin1', ptr, ptr + length));
  };
  const afterBatch = (): void => {
    reports.sendContexts();
    if (echoes) echo.flush(counters[CORE_COUNTERS.lines] as number, clock.seconds[0] as number);
  };
  const onAttention = (): void => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      const reload = next.message as ReloadMessage;
      resolver.use(compileEnrichSettings(reload.enrich), new StaticTagger(reload.workloads));
      core.forgetLines();
    }
  };
  const shared = { shard, control, clock, onAttention };

  if (settings.listener.kind === 'datagram') {
    const slots = new ReceiveSlots(
      libc as Libc,
      BATCH_PACKETS,
      settings.bufferBytes,
      (bytes) => core.takeRegion(bytes),
      () => core.bytes,
    );
    reports.ready(core.countersPtr);
    runDatagramLoop({
      ...shared,
      libc: libc as Libc,
      fd: settings.listener.fd,
      slots,
      afterBatch: (received) => {
        for (let i = 0; echoes && i < received && echo.wantsMore; i++) {
          echoPacket(slots.slotPtr(i), slots.length(i));
        }
        afterBatch();
      },
    });
    reports.stopped();
    port.close();
  } else {
    runPortableUdp({
      ...shared,
      listener: settings.listener,
      bufferBytes: settings.bufferBytes,
      slotPtr: core.takeRegion(settings.bufferBytes + PACKET_PADDING_BYTES),
      memory: () => core.bytes,
      afterPacket: (ptr, length) => {
        if (echoes && length > 0) echoPacket(ptr, length);
        afterBatch();
      },
      ready: () => reports.ready(core.countersPtr),
      stopped: () => {
        reports.stopped();
        port.close();
      },
    });
  }
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
