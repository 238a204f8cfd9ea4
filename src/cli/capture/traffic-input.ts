/**
 * Recorded traffic as commands read it: with progress on a terminal, and with a warning for everything that could not
 * be read whole.
 */
import { CapturedTagger } from '../../inspect/capture/captured-tagger.ts';
import type { TrafficFilter } from '../../inspect/capture/filter.ts';
import type { ReadRecord } from '../../inspect/capture/record.ts';
import type { TaggerState } from '../../inspect/capture/tagger-state.ts';
import type { TrafficFacts, TrafficKind } from '../../inspect/capture/traffic.ts';
import { TrafficFile } from '../../inspect/capture/traffic-file.ts';
import { trafficNotes } from '../../inspect/capture/traffic-notes.ts';
import { formatBytes, Progress, type ProgressStream } from '../../lib/progress.ts';
import { escapeControls } from '../../lib/text/terminal-text.ts';

export interface TrafficInputOptions {
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly stderr: ProgressStream;
  /** Of network recordings: the port that counts. */
  readonly port?: number | undefined;
  readonly filter?: TrafficFilter;
  /** What is done to it: `reading`. */
  readonly verb?: string;
}

export class TrafficInput {
  private readonly file: TrafficFile;
  private readonly options: TrafficInputOptions;
  private isWarned = false;

  constructor(path: string, options: TrafficInputOptions) {
    const { stdin, port } = options;
    this.file = new TrafficFile(path, {
      ...(stdin !== undefined && { stdin }),
      ...(port !== undefined && port > 0 && { port }),
    });
    this.options = options;
  }

  isRecording(): Promise<boolean> {
    return this.file.isRecording();
  }

  /** The tags at the end of a capture; reads the file once for them. */
  async readState(): Promise<TaggerState | undefined> {
    return await this.file.readState();
  }

  /** Who sent what is captured, with the tags it had; `base` knows the rest. */
  async readSenders(base: ConstructorParameters<typeof CapturedTagger>[1]): Promise<CapturedTagger> {
    return new CapturedTagger(await this.readState(), base);
  }

  /**
   * The records that pass the filter. After the last one warnings are written, once however often the file is read, and
   * `onEnd` hears what is known.
   */
  async *batches(
    onEnd: (facts: TrafficFacts, kind: TrafficKind) => void = () => undefined,
  ): AsyncGenerator<readonly ReadRecord[]> {
    const { file, options } = this;
    const traffic = await file.open();
    const label = `${options.verb ?? 'reading'} ${file.isStdin ? 'standard input' : escapeControls(file.path)}`;
    const progress = new Progress({ stream: options.stderr, label });
    const { filter } = options;
    try {
      for await (const batch of traffic.batches) {
        const share = file.sizeBytes > 0 ? file.readBytes / file.sizeBytes : undefined;
        progress.update(share, formatBytes(file.readBytes));
        const records =
          filter === undefined || filter.isEmpty
            ? batch
            : batch.map((record) => filter.apply(record)).filter((record) => record !== undefined);
        if (records.length > 0) yield records;
      }
    } finally {
      progress.end();
    }
    const facts = traffic.facts();
    if (!this.isWarned) this.warn(facts, traffic.kind);
    this.isWarned = true;
    onEnd(facts, traffic.kind);
  }

  private warn(facts: TrafficFacts, kind: TrafficKind): void {
    const notes = trafficNotes(facts);
    if (this.file.isStdin && kind === 'capture' && (facts.state?.entities.size ?? 0) > 0)
      notes.push('its workloads have tags, which need a second reading: give the file by its name');
    for (const note of notes)
      this.options.stderr.write(`whippet: warning: ${escapeControls(this.file.path)}: ${note}\n`);
  }
}
