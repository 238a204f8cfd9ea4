/** What a line was parsed to, as plain data that tests compare. */
import type {
  EventMessage,
  MetricMessage,
  ParseResult,
  Rejection,
  ServiceCheckMessage,
} from '../../src/model/message.ts';

export function plain(parsed: ParseResult): MetricMessage | EventMessage | ServiceCheckMessage | Rejection {
  return parsed.kind === 'metric' ? { ...parsed, tags: [...parsed.tags.list] } : parsed;
}
