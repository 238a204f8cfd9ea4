/**
 * How a run ends: the exit code by what became of the data, the last word, and a process that ends on time.
 *
 *   0  everything was delivered      4  the stop cut some of it short, and it is lost      5  some of it waits on disk
 *
 * Loss comes before disk, and a listener thread that died before both.
 */
import { endProcess } from '../lib/end-process.ts';
import { type DeliveryReport, describeDelivery } from '../telemetry/ledger/delivery-report.ts';
import type { Logger } from '../telemetry/logger.ts';
import { EXIT_CODES, type ExitCode } from './exit.ts';

/** What a stop may take beyond its deadline before it is given up, ms. */
const GRACE_MS = 3000;

/** The exit code for what a server that was asked to stop has reported. */
export function exitCodeAfter({ lostAtStop, keptOnDisk }: DeliveryReport): ExitCode {
  if (lostAtStop > 0) return EXIT_CODES.lostAtStop;
  return keptOnDisk > 0 ? EXIT_CODES.keptOnDisk : EXIT_CODES.ok;
}

/** The last word: a sentence on a terminal, fields elsewhere. */
export function reportDelivery(report: DeliveryReport, log: Logger): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`${describeDelivery(report)}\n`);
    return;
  }
  const { reasons, kept, ...fields } = report;
  for (const reason of reasons) log.error({}, reason);
  for (const place of kept) log.warn({}, place);
  log.info(fields, 'stopped');
}

/** Ends the process when the stop does not, after its deadline; the result takes that back. */
export function endAfter(timeoutMs: number, log: Logger, code: ExitCode): () => void {
  const timer = setTimeout(() => {
    log.fatal({}, 'the shutdown did not finish; exiting anyway, and undelivered data is lost');
    endProcess(code);
  }, timeoutMs + GRACE_MS);
  return () => clearTimeout(timer);
}
