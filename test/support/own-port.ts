/**
 * Ports that nobody has but the test that asks: to find a server again at the same port, or nobody at all.
 *
 * A port that the system has given to a socket (`bind(0)`) and got back can go to another test's server or client at any
 * moment, and a client that knocks at it over TCP may even be given it for its own end and meet itself. These are below the
 * range the system gives from, and each is held by a name that only one process has, until that process ends.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Linux gives ports from 32768 on. */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 100;

/** A port of 127.0.0.1, for UDP or TCP, that is free and stays so for this process. */
export async function ownPort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await isMine(port)) && (await isFree(port))) return port;
  }
  throw new Error(`none of ${TRIES} ports from ${FIRST} on is free`);
}

/** Takes the name of a port: an abstract Unix socket, which ends with the process whatever ends that. */
function isMine(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const name = createServer().unref();
    name.once('error', () => resolve(false));
    name.listen(`\0whippet-test-port-${port}`, () => resolve(true));
  });
}

/** Whether no other program has it. */
async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, resolve));
    await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, resolve));
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => tcp.close(() => resolve()));
    await new Promise<void>((resolve) => udp.close(() => resolve()));
  }
}
