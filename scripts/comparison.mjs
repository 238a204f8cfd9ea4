// What the comparisons with other servers share: free ports, and waiting for a server to be up.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether a GET of `url` succeeds within `ms`; asks ten times a second. */
export async function answersWithin(url, ms) {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(100)) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return true;
  }
  return false;
}
