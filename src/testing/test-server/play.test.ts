import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { contractOf } from '../contract.ts';
import { startTestServer } from './start-test-server.ts';
import type { TestServer } from './test-server.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/capture/${name}`, import.meta.url));
const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  servers.push(server);
  return server;
}

describe('a test server', () => {
  it('plays a capture as traffic, with the tags of its senders', async () => {
    const server = await start();
    expect(await server.play(fixture('full.dog.zstd'))).toEqual({ packets: 2, notes: [] });
    expect(server.metric({ name: 'page.views' })).toMatchObject({
      sum: 1,
      tags: ['env:dev', 'image_name:web'],
    });
    expect(contractOf(server, { bounds: false }).metrics.map(({ name }) => name)).toEqual([
      'page.views',
      'temp',
    ]);
  });

  it('plays part of it, and rejects what is none', async () => {
    const server = await start();
    expect((await server.play(fixture('full.dog'), { filter: ['name=temp'] })).packets).toBe(1);
    await expect(server.play(fixture('nothing.dog'))).rejects.toThrow('does not exist');
    await expect(server.play(fixture('full.dog'), { filter: ['x'] })).rejects.toThrow('"x" is no filter');
  });
});
