import { expect, it } from 'vitest';
import { deliveryReport, describeDelivery } from './delivery-report.ts';
import { type Account, fates } from './ledger.ts';

const account = (
  stage: string,
  name: string,
  unit: Account['unit'],
  received: number,
  accepted = received,
): Account => ({
  ...{ stage, name, unit, received },
  ...fates({ accepted: { x: accepted }, held: { y: received - accepted } }),
});
const accounts = [
  account('intake', 'udp', 'packets', 1000),
  account('intake', 'unix', 'packets', 234),
  account('intake', 'udp', 'messages', 20_000),
  account('aggregate', '', 'values', 7),
  account('output', 'console', 'records', 512),
  account('output', 'file', 'records', 512, 500),
];

it('adds up what came in over all listeners, and what each output delivered', () => {
  const report = deliveryReport(accounts, { undelivered: 12, reasons: ['file: disk full'], seconds: 0.44 });
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
