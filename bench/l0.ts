/**
 * L0, a process of its own: receives, and answers any message with what came since the last one.
 *
 *   argument LimitSetup ──▶ `ready`;  any message ──▶ LimitReport;  ends when the channel closes
 *
 * The receive loop blocks; between two idle times of 100 ms messages are heard. So an answer comes when the
 * socket is empty.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LimitReceiver } from './limit-receiver.ts';
import type { LimitSetup } from './messages.ts';

const receiver = new LimitReceiver(JSON.parse(process.argv[2] ?? '') as LimitSetup);
let packets = 0;
let bytes = 0;
let open = true;
process.on('message', () => {
  process.send?.({ packets, bytes });
  packets = 0;
  bytes = 0;
});
process.on('disconnect', () => {
  open = false;
});
process.send?.('ready');
while (open) {
  const received = receiver.receiveUntilIdle();
  packets += received.packets;
  bytes += received.bytes;
  await nextTurn();
}
receiver.close();
