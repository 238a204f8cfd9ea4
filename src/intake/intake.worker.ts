/**
 * Entry of an intake thread: joins core, cold path and socket into a shard and runs it.
 *
 *   socket ─▶ slots ─▶ Shard ─▶ Core ─miss─▶ Resolver ─▶ ShardPort ─▶ control thread
 *
 * The thread ends by itself when the control word says stop and everything has been sealed.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Core, type CoreSettings, countersView } from '../core/core.ts';
import { CORE_COUNTERS } from '../core/counters.ts';
import { RESOLVER_SCRATCH_BYTES, Resolver } from '../enrich/resolver.ts';
import { compileEnrichSettings } from '../enrich/settings.ts';
import { NO_TAGGER } from '../enrich/tagger.ts';
import { parseMessage } from '../protocol/message.ts';
import { ControlWord, makeControlBuffer } from '../telemetry/control-word.ts';
import { Backlog } from './backlog.ts';
import { runDatagramLoop } from './datagram-loop.ts';
import { EchoSampler } from './echo-sampler.ts';
import type { IntakeSettings } from './intake-settings.ts';
import { loadLibc } from './libc.ts';
import { runPortableUdp } from './portable.ts';
import { ReceiveSlots } from './receive-slots.ts';
import { rehearsalPackets } from './rehearsal.ts';
import { Shard } from './shard.ts';
import { type ReportPort, ShardPort } from './shard-port.ts';

/** Datagrams a receive takes at most: 64 of 8 KiB stay in the processor's second-level cache. */
const BATCH_PACKETS = 64;
/** Room for a packet of the rehearsal and what the core reads beyond it. */
const REHEARSAL_PACKET_BYTES = 8192;

interface JoinedCore {
  readonly core: Core;
  readonly reports: ShardPort;
}

run(workerData as IntakeSettings, parentPort as MessagePort);

function run(settings: IntakeSettings, port: MessagePort): void {
  rehearse(settings);
  const control = new ControlWord(settings.control);
  const { core, reports } = joinCore(settings, control, port, () => shard.sliceIsOver());
  const backlogPtr = core.takeRegion(settings.backlogBytes);
  const shard: Shard = new Shard({
    core,
    backlog: new Backlog(() => core.bytes, backlogPtr, settings.backlogBytes),
    control,
    reporter: reports,
    intervalSeconds: settings.intervalSeconds,
    eolRequired: settings.eolRequired,
  });
  const counters = countersView(settings.memory, core.countersPtr);
  const echo = new EchoSampler(settings.echoPerSecond, (lines, leftOut) => reports.echo(lines, leftOut));
  const echoes = settings.echoPerSecond > 0;
  const afterBatch = (): void => {
    reports.sendContexts();
    if (echoes) echo.flush(counters[CORE_COUNTERS.lines] as number, Date.now() / 1000);
  };

  if (settings.listener.kind === 'datagram') {
    const libc = loadLibc();
    const slots = new ReceiveSlots(
      libc,
      BATCH_PACKETS,
      settings.bufferBytes,
      (bytes) => core.takeRegion(bytes),
      () => core.bytes,
    );
    reports.ready(core.countersPtr);
    runDatagramLoop({
      libc,
      fd: settings.listener.fd,
      slots,
      shard,
      control,
      afterBatch: (received) => {
        for (let i = 0; echoes && i < received && echo.wantsMore; i++) {
          const at = slots.slotPtr(i);
          echo.take(core.bytes.toString('latin1', at, at + slots.length(i)));
        }
        afterBatch();
      },
    });
    reports.stopped();
    port.close();
  } else {
    runPortableUdp({
      listener: settings.listener,
      shard,
      control,
      bufferBytes: settings.bufferBytes,
      slotPtr: core.takeRegion(settings.bufferBytes + 128),
      memory: () => core.bytes,
      afterPacket: (ptr, length) => {
        if (echoes && echo.wantsMore && length > 0)
          echo.take(core.bytes.toString('latin1', ptr, ptr + length));
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

/** Core and cold path on the shard's memory, with what may be told apart between a rehearsal and the real thing. */
function joinCore(
  settings: IntakeSettings,
  control: ControlWord,
  port: ReportPort,
  mustYield: () => boolean,
): JoinedCore {
  const now = Math.floor(Date.now() / 1000);
  const start = now - (now % settings.intervalSeconds);
  const core: Core = new Core(
    settings.module,
    settings.memory,
    settings.core,
    settings.hashKey,
    start,
    (line, length, origin) => {
      resolver.resolve(line, length, origin);
      return mustYield() ? 1 : 0;
    },
  );
  const reports = new ShardPort(port, (into, at) => core.writeContextKey(into, at));
  const resolver = new Resolver({
    core,
    scratchPtr: core.takeRegion(RESOLVER_SCRATCH_BYTES),
    parse: parserFor(settings.core, control),
    settings: compileEnrichSettings(settings.enrich),
    tagger: NO_TAGGER,
    counters: control.counters,
    sink: reports,
  });
  return { core, reports };
}

/**
 * Runs the cold path for nobody to hear of, so that it is compiled when packets come. It uses the shard's own
 * memory, which the core that is made next finds empty again.
 */
function rehearse(settings: IntakeSettings): void {
  const silent: ReportPort = { postMessage: () => undefined };
  const { core } = joinCore(settings, new ControlWord(makeControlBuffer()), silent, () => false);
  const packetPtr = core.takeRegion(REHEARSAL_PACKET_BYTES);
  for (const packet of rehearsalPackets()) {
    const length = core.bytes.write(packet, packetPtr, 'latin1');
    core.ingest(packetPtr, length, 0, 0, false, false);
  }
}

/** The cold path's parser with the options of the configuration. */
function parserFor(
  core: CoreSettings,
  control: ControlWord,
): (line: string) => ReturnType<typeof parseMessage> {
  const options = {
    noAggregationPipeline: core.timestamps,
    originDetectionClient: core.clientFields,
    observer: {
      unknownField: () => control.counters.add('unknownFields'),
      badOriginField: () => control.counters.add('badOriginFields'),
    },
  };
  return (line) => parseMessage(line, options);
}
