/**
 * `whippet/testing/reporter`: lists the metrics of a test run, for vitest and for jest.
 *
 *   vitest   reporters: ['default', ['whippet/testing/reporter', { outputFile: 'metrics.json' }]]
 *   jest     reporters: ['default', ['whippet/testing/reporter', { outputFile: 'metrics.json' }]]
 *
 * Both make one in their main process, before the workers, and call it at the begin and at the end of a run.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkKeys } from './expectations/check-expectation.ts';
import { beginRun, formatRun, RUN_VARIABLE, readRun } from './runners/run-record.ts';

export interface MetricsReporterOptions {
  /** Where to write the list as JSON as well. */
  readonly outputFile?: string;
}

export default class MetricsReporter {
  private readonly options: MetricsReporterOptions;
  private readonly folder: string;

  /** vitest gives options; jest gives its configuration first. */
  constructor(first: MetricsReporterOptions | object = {}, options?: MetricsReporterOptions) {
    const own = options ?? ('rootDir' in first ? {} : first);
    checkKeys('the options of whippet/testing/reporter', own, ['outputFile']);
    this.options = own;
    this.folder = mkdtempSync(join(tmpdir(), 'whippet-run-'));
    process.env[RUN_VARIABLE] = this.folder;
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** vitest 2 to 4: a run begins. */
  onInit(): void {
    beginRun(this.folder);
  }

  /** vitest 3 and 4. */
  onTestRunEnd(): void {
    this.tell();
  }

  /** vitest 2; vitest 3 calls both, and the second one has nothing to tell. */
  onFinished(): void {
    this.tell();
  }

  /** jest. */
  onRunStart(): void {
    beginRun(this.folder);
  }

  /** jest. */
  onRunComplete(): void {
    this.tell();
  }

  private tell(): void {
    const run = readRun(this.folder);
    const text = formatRun(run);
    if (text !== '') process.stdout.write(text);
    if (this.options.outputFile !== undefined && text !== '') {
      writeFileSync(this.options.outputFile, `${JSON.stringify(run, null, 2)}\n`);
    }
    beginRun(this.folder);
  }
}
