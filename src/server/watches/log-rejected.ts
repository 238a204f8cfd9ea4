/** Samples of rejected lines in the log; the counters count them all. */
import type { RejectedLine } from '../../model/shard-message.ts';
import { toSafeText } from '../../outputs/safe-text.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Where samples of rejected lines go. */
export interface RejectedLog {
  add(line: RejectedLine): void;
}

/** At level debug where `quiet` (`dogstatsd_disable_verbose_logs`), else as an error: data is lost. */
export function rejectedLog(log: Logger, quiet: boolean): RejectedLog {
  return {
    add: ({ messageType, error, line, at }) => {
      const fields = { messageType, reason: error, line: toSafeText(line), at };
      if (quiet) log.debug(fields, 'rejected a line');
      else log.error(fields, 'rejected a line');
    },
  };
}
