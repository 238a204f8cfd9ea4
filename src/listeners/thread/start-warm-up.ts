/**
 * The shard that is thrown away, on which a listener thread warms up (warm-up.ts): a pipeline and a memory of its own, and nobody
 * hears what it says.
 *
 *   settings not known yet ─▶ warmUpEarly()   the first lines, on a shard without any configuration
 *   settings known         ─▶ startWarmUp()   the first lines on a shard with them, a few when the others have run already;
 *                                             the rest while nothing comes
 *
 * Why     Lines on a shard without configuration compile nearly all of the code, and while a thread waits for its settings they
 *         do not hold the start up.
 * Memory  1 MiB at start, a few at the end; its pages go back to the system when it is over, those of the early one when the
 *         garbage of the thread is collected then.
 */
import { collectGarbage } from '../../lib/collect-garbage.ts';
import { makeShardMemory } from '../../shard/memory.ts';
import { plainSettings } from '../../shard/plain-settings.ts';
import type { ShardSettings } from '../../shard/shard-settings.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { UnknownFields } from '../../telemetry/counters/unknown-fields.ts';
import type { Libc } from '../system/libc.ts';
import { openReporting } from './open-reporting.ts';
import type { ReportPort } from './shard-port.ts';
import { FIRST_LINES, FIRST_LINES_AGAIN, runFirstLines, WarmUp } from './warm-up.ts';

/** Room for a packet of the warm-up and what the core reads beyond it. */
const WARM_UP_PACKET_BYTES = 8192;

/** Of this thread. */
let isWarm = false;

/** Runs the first lines with the settings of the thread. */
export function startWarmUp(settings: ShardSettings, libc: Libc | undefined): WarmUp {
  let shard: ThrowAwayShard | undefined = openThrowAway(settings);
  return new WarmUp(
    (packet) => shard?.ingest(packet),
    () => {
      // The next garbage collection may be far away.
      const bytes = shard?.bytes();
      shard = undefined;
      if (bytes !== undefined) libc?.dropPages(libc.address(bytes), bytes.length);
      collectGarbage();
    },
    isWarm ? FIRST_LINES_AGAIN : FIRST_LINES,
  );
}

/** Runs the first lines without settings. Throws when the package is not built. */
export function warmUpEarly(): void {
  const { ingest } = openThrowAway(plainSettings());
  runFirstLines(ingest);
  isWarm = true;
}

interface ThrowAwayShard {
  ingest(packet: string): void;
  /** Its memory. */
  bytes(): Buffer;
}

function openThrowAway(settings: Omit<ShardSettings, 'memory' | 'eolRequired'>): ThrowAwayShard {
  const port: ReportPort = { postMessage: () => undefined };
  const parts = { control: new ControlWord(makeControlBuffer()), unknownFields: new UnknownFields(), port };
  const own = { memory: makeShardMemory(), eolRequired: false, waitsForTags: false };
  const pipeline = openReporting({ ...settings, ...own }, parts, () => false);
  const packetPtr = pipeline.core.takeRegion(WARM_UP_PACKET_BYTES);
  return {
    ingest: (packet) => {
      const length = pipeline.core.bytes.write(packet, packetPtr, 'latin1');
      pipeline.ingest(packetPtr, length, 0, pipeline.openStart, false);
    },
    bytes: () => pipeline.core.bytes,
  };
}
