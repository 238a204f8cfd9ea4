import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { ownPort } from './own-port.ts';

it('gives each port once, free, and below those that the system gives', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => ownPort()));
  expect(new Set(ports).size).toBe(20);
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  for (const port of ports) {
    expect(port).toBeLessThan(first as number);
    const server = createServer();
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(port, '127.0.0.1', resolve),
    );
    await new Promise((resolve) => server.close(resolve));
  }
});
