import { expect, it } from 'vitest';
import { answerText } from './answer-text.ts';

const V3 = '/api/intake/metrics/v3/series';

it.each([
  ['/api/v2/series', 503, /^\/api\/v2\/series: status 503$/],
  ['/api/v2/series', 404, /status 404: .*check dd_url/],
  ['/api/v2/series', 302, /status 302: .*redirects/],
  [V3, 404, /status 404: .*use_v3_api\.series\.enabled to false/],
  [V3, 429, /status 429$/],
])('%s answered with %i says what to do', (route, status, text) => {
  expect(answerText(route, { kind: 'answered', status })).toMatch(text);
});

it('without an answer says why there was none', () => {
  expect(answerText(V3, { kind: 'failed', error: 'connection refused' })).toBe(`${V3}: connection refused`);
});
