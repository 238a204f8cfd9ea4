/**
 * Output `file`: newline-delimited JSON, one line per series and bucket (file-record.ts).
 *
 * Memory   at most QUEUE_BYTES_MAX wait for the disk.
 * Full     further aggregates are dropped and counted; the log hears it once per flush.
 * Failure  disk full or I/O error, or a path that cannot be opened again: kept and tried again at each flush
 *          (lib/append-file.ts), and unhealthy meanwhile.
 * Moved    a file that somebody removed or renamed is made again at the next flush.
 * Totals   taken = written + dropped + held, in aggregates, events and checks.
 */
import { lstatSync } from 'node:fs';
import { AppendFile, type AppendHandle } from '../lib/files/append-file.ts';
import type { Log } from '../lib/log.ts';
import { describeCause } from '../lib/text/describe-cause.ts';
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate } from '../model/series.ts';
import { type Outcomes, outcomes } from '../telemetry/ledger/ledger.ts';
import { type OwnMetric, type OwnSample, ownMetric, ownMetricBy } from '../telemetry/metric.ts';
import { formatEvent, formatServiceCheck, writeAggregate } from './file-record.ts';
import type { DeliveryReport, Output } from './output.ts';

const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
const BUSY_BYTES = 2 * 1024 * 1024;
const NAME = 'file';

export interface FileOutputOptions {
  /** `file` when not given. */
  readonly name?: string;
  readonly path: string;
  readonly log: Log;
  readonly queueBytesMax?: number;
  /** How to open the file; for tests. */
  openFile?(path: string): Promise<AppendHandle>;
}

export class FileOutputError extends Error {
  override readonly name = 'FileOutputError';
  readonly code = 'ERR_FILE_OUTPUT_OPEN';

  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(
      `cannot open ${path} for appending (${explain(path, cause)}); create its directory, allow writing, or set outputs.file.path`,
      { cause },
    );
  }
}

function explain(path: string, cause: NodeJS.ErrnoException): string {
  if (cause.code === 'ENXIO') return 'a socket, or a named pipe that nobody reads';
  if (cause.code === 'ENOENT' && isLink(path)) return 'a link that leads nowhere';
  if (cause.code === 'ERR_NOT_A_FILE') return cause.message;
  return describeCause(cause);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

export class FileOutput implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly path: string;
  private readonly log: Log;
  private readonly file: AppendFile;
  private taken = 0;
  /** Aggregates without series. */
  private empty = 0;
  private dropped = 0;
  private droppedBefore = 0;
  private closed = false;
  private heldAtClose = 0;

  private constructor(options: FileOutputOptions, file: AppendFile) {
    this.name = options.name ?? NAME;
    this.path = options.path;
    this.log = options.log;
    this.file = file;
  }

  /** Opens the file; rejects with a FileOutputError. Directories are not created. */
  static async open(options: FileOutputOptions): Promise<FileOutput> {
    const { path, log, queueBytesMax = QUEUE_BYTES_MAX, openFile } = options;
    const onState = (error: Error | undefined): void => {
      if (error === undefined) log.info({ path }, 'the file output works again');
      else log.error({ path, err: error }, 'the file output cannot write; retrying at each flush');
    };
    try {
      const onMoved = (): void =>
        log.info({ path }, 'the output file was removed or renamed; continuing in a new one');
      const about = { path, queueBytesMax, onState, onMoved };
      const file = await AppendFile.open({ ...about, ...(openFile && { openFile }) });
      return new FileOutput(options, file);
    } catch (cause) {
      throw new FileOutputError(path, cause as NodeJS.ErrnoException);
    }
  }

  /** A disk that keeps up has less than this waiting; a flush of many contexts would otherwise fill the queue. */
  isBusy(): boolean {
    return this.file.queuedBytes > BUSY_BYTES;
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) {
      // An aggregate without series has nothing to write, and nothing to lose.
      if (aggregate.series.length === 0) this.empty++;
      else this.count(this.file.appendLines(aggregate, writeAggregate, 1));
    }
  }

  end(): void {
    this.file.flush();
    const dropped = this.dropped - this.droppedBefore;
    this.droppedBefore = this.dropped;
    if (dropped > 0) {
      this.log.error(
        { path: this.path, dropped },
        'the file output dropped aggregates because its queue is full',
      );
    }
  }

  event(event: EventMessage, receivedAt: number): void {
    this.append(formatEvent(event, receivedAt));
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.append(formatServiceCheck(check, receivedAt));
  }

  /** Continues in a new file under the same path, after log rotation moved the old one. */
  reopen(): void {
    this.file.reopen();
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    const { failing } = this.file;
    if (failing === undefined) return { healthy: true };
    return {
      healthy: false,
      detail: `cannot write ${this.path} (${explain(this.path, failing)}); ${this.file.queuedItems} aggregates, events and checks wait`,
    };
  }

  async close(deadlineMs: number): Promise<DeliveryReport> {
    if (!this.closed) {
      this.closed = true;
      this.heldAtClose = await this.file.close(deadlineMs);
    }
    const undelivered = this.dropped + this.heldAtClose;
    if (undelivered === 0) return { undelivered };
    return {
      undelivered,
      lostAtStop: this.heldAtClose,
      reason: `${undelivered} aggregates, events and checks could not be written to ${this.path}`,
    };
  }

  outcomes(): Outcomes {
    return outcomes({
      accepted: { written: this.file.writtenItems, nothing_to_write: this.empty },
      dropped: { queue_full: this.dropped },
      held: { queue: this.file.queuedItems },
    });
  }

  metrics(): OwnMetric[] {
    const metrics = this.ownMetrics();
    if (this.name === NAME) return metrics;
    // A second file has the same metrics with its name on them.
    const labelled = ({ labels, value }: OwnSample): OwnSample => ({
      labels: { ...labels, output: this.name },
      value,
    });
    return metrics.map((metric) => ({ ...metric, samples: metric.samples.map(labelled) }));
  }

  private ownMetrics(): OwnMetric[] {
    return [
      ownMetric(
        'counter',
        'whippet_file_records_taken_total',
        'Aggregates, events and checks given to the file output.',
        this.taken,
      ),
      ownMetric(
        'counter',
        'whippet_file_records_written_total',
        'Aggregates, events and checks written to the file.',
        this.file.writtenItems,
      ),
      ownMetricBy(
        'counter',
        'whippet_file_records_dropped_total',
        'Aggregates, events and checks that the file output dropped.',
        'reason',
        [['queue_full', this.dropped]],
      ),
      ownMetric(
        'gauge',
        'whippet_file_records_held',
        'Aggregates, events and checks that wait for the disk.',
        this.file.queuedItems,
      ),
      ownMetric('gauge', 'whippet_file_queue_bytes', 'Text that waits for the disk.', this.file.queuedBytes),
      ownMetric(
        'counter',
        'whippet_file_write_errors_total',
        'Writes to the file that failed.',
        this.file.writeErrors,
      ),
    ];
  }

  private append(text: string): void {
    this.count(this.file.append(text, 1));
  }

  private count(isTaken: boolean): void {
    this.taken++;
    if (!isTaken) this.dropped++;
  }
}
