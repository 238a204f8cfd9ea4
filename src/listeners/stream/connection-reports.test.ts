import { expect, it } from 'vitest';
import type { ConnectionReport } from '../../model/connection.ts';
import { ConnectionReports } from './connection-reports.ts';

it('lets a few reports of each problem through, and says later how many it has held back', () => {
  const sent: ConnectionReport[] = [];
  const reports = new ConnectionReports((report) => sent.push(report));
  const report = (problem: 'limit' | 'idle', now: number): void =>
    reports.report({ problem, listener: 'tcp', detail: '' }, now);
  for (let i = 0; i < 20; i++) report('limit', 100 + i / 10);
  report('idle', 102);
  expect(sent.map(({ problem }) => problem)).toEqual(['limit', 'limit', 'limit', 'limit', 'limit', 'idle']);
  report('limit', 110.5);
  report('limit', 110.5);
  expect(sent.slice(6).map(({ leftOut }) => leftOut)).toEqual([15, 0]);
});
