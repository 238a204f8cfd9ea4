/** What an endpoint's answer means to whoever has to do something about it. */
import type { SendResult } from './send-result.ts';

const COLUMNS = '/metrics/v3/';

/** What came of a request that was not given up. */
export type AnswerResult = Exclude<SendResult, { kind: 'aborted' }>;

/** The route, how it went, and the remedy where there is one; no body, which may hold what is not ours to log. */
export function answerText(route: string, result: AnswerResult): string {
  if (result.kind === 'failed') return `${route}: ${result.error}`;
  const remedy = remedyOf(route, result.status);
  return `${route}: status ${result.status}${remedy === '' ? '' : `: ${remedy}`}`;
}

function remedyOf(route: string, status: number): string {
  if (status === 404 && route.includes(COLUMNS))
    return 'this intake does not know series in columns; set use_v3_api.series.enabled to false, or use_v3_api.series.endpoints for its URL';
  if (status === 404) return 'the intake has no such path; check dd_url and additional_endpoints';
  if (status >= 300 && status < 400) return 'the intake redirects; set its new URL';
  return '';
}
