/**
 * The pipeline of a shard on a listener thread: what it has to say goes to the control thread, what it counts to the control word.
 *
 * Thread  the listener thread's own.
 */
import type { ShardPipeline } from '../../shard/pipeline.ts';
import { openPipeline, type ShardSettings } from '../../shard/shard-settings.ts';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { UnknownFields } from '../../telemetry/counters/unknown-fields.ts';
import { type ReportPort, ShardPort } from './shard-port.ts';

export interface ReportingParts {
  readonly control: ControlWord;
  readonly unknownFields: UnknownFields;
  readonly port: ReportPort;
}

/** The pipeline on the shard's memory; its sink reports to the control thread. */
export function openReporting(
  { waitsForTags, ...settings }: ShardSettings & { readonly waitsForTags: boolean },
  { control, unknownFields, port }: ReportingParts,
  mustYield: () => boolean,
): ShardPipeline<ShardPort> {
  return openPipeline(settings, {
    openedAt: Date.now() / 1000,
    counters: control.counters,
    observer: {
      unknownField: (firstByte) => {
        control.counters.add('unknownFields');
        unknownFields.add(firstByte);
      },
      suspicion: (what) => unknownFields.addSuspicion(what),
      badOriginField: () => control.counters.add('badOriginFields'),
    },
    sink: (core) => new ShardPort(port, control, core),
    mustYield,
    ...(waitsForTags && { askForOrigin: (key) => port.postMessage({ kind: 'wanted', key }) }),
  });
}
