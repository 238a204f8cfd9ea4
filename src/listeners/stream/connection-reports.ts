/**
 * Holds back what would fill the log: of each problem REPORTS_MAX reports in WINDOW_SECONDS go out, the
 * next one says how many were left out.
 */
import type { ConnectionProblem, ConnectionReport } from '../../model/connection.ts';

const REPORTS_MAX = 5;
const WINDOW_SECONDS = 10;

interface Window {
  startedAt: number;
  sent: number;
  leftOut: number;
}

export class ConnectionReports {
  private readonly send: (report: ConnectionReport) => void;
  private readonly windows = new Map<ConnectionProblem, Window>();

  constructor(send: (report: ConnectionReport) => void) {
    this.send = send;
  }

  /** `now` is Unix seconds. */
  report(report: Omit<ConnectionReport, 'leftOut'>, now: number): void {
    const window = this.windows.get(report.problem) ?? { startedAt: now, sent: 0, leftOut: 0 };
    this.windows.set(report.problem, window);
    if (now - window.startedAt >= WINDOW_SECONDS || now < window.startedAt) {
      window.startedAt = now;
      window.sent = 0;
    }
    if (window.sent >= REPORTS_MAX) {
      window.leftOut++;
      return;
    }
    window.sent++;
    this.send({ ...report, leftOut: window.leftOut });
    window.leftOut = 0;
  }
}
