import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { packetsOf } from './packets.ts';
import { costOf, roomFor, SHARE_BYTES } from './udp-room.ts';

it('is there once the receiver has read', async () => {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address();
  await roomFor(port);
  // More than a share, and far less than the kernel drops; nothing is read until this thread gives way.
  const packets = Array.from({ length: 150 }, () => 'x');
  const sender = new BatchSender({ kind: 'udp', host: '127.0.0.1', port });
  sender.send(packetsOf(packets));
  sender.close();
  let received = 0;
  receiver.on('message', () => received++);
  await roomFor(port);
  expect(received).toBeGreaterThan(0);
  while (received < packets.length) await once(receiver, 'message');
  receiver.close();
  expect(packets.length * costOf(1)).toBeGreaterThan(SHARE_BYTES);
});
