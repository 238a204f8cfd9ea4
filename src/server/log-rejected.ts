/** A sample of a rejected line in the log; the counters count them all. */
import type { RejectedLine } from '../model/shard-message.ts';
import { toSafeText } from '../outputs/safe-text.ts';
import type { Logger } from '../telemetry/logger.ts';

/** At level debug where `quiet` (`dogstatsd_disable_verbose_logs`), else as an error: data is lost. */
export function logRejected(
  log: Logger,
  { messageType, error, line, at }: RejectedLine,
  quiet: boolean,
): void {
  const fields = { messageType, reason: error, line: toSafeText(line), at };
  if (quiet) log.debug(fields, 'rejected a line');
  else log.error(fields, 'rejected a line');
}
