import { expect, it } from 'vitest';
import { deliveryReport, describeDelivery } from './delivery-report.ts';
import { outcomes, type Totals } from './ledger.ts';

const entry = (
  stage: string,
  name: string,
  unit: Totals['unit'],
  received: number,
  accepted = received,
): Totals => ({
  ...{ stage, name, unit, received },
  ...outcomes({ accepted: { x: accepted }, held: { y: received - accepted } }),
});
const totals = [
  entry('listener', 'udp', 'packets', 1000),
  entry('listener', 'unix', 'packets', 234),
  entry('listener', 'udp', 'messages', 20_000),
  entry('aggregate', '', 'values', 7),
  entry('output', 'console', 'records', 512),
  entry('output', 'file', 'records', 512, 500),
];

it('adds up what came in over all listeners, and what each output delivered', () => {
  const report = deliveryReport(totals, { undelivered: 12, reasons: ['file: disk full'], seconds: 0.44 });
  expect(report).toMatchObject({
    ...{ receivedPackets: 1234, receivedMessages: 20_000, undelivered: 12 },
    delivered: { console: 512, file: 500 },
  });
  expect(describeDelivery(report)).toBe(
    'stopped in 0.4 s: received 1,234 packets with 20,000 messages; delivered 512 to console, 500 to file; 12 not delivered\n' +
      '  file: disk full',
  );
});

it('says when nothing was left', () => {
  const report = deliveryReport([], { undelivered: 0, reasons: [], seconds: 0 });
  expect(describeDelivery(report)).toBe(
    'stopped in 0.0 s: received 0 packets with 0 messages; delivered nothing; nothing was left',
  );
});
