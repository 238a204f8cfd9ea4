/** Tags of the container that the kernel says a packet comes from, over both kinds of Unix socket. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeDog } from '../../src/inspect/capture/dog-encoder.ts';
import { EMPTY_STATE } from '../../src/inspect/capture/tagger-state.ts';
import { FakeDocker } from '../support/fakes/fake-docker.ts';
import { FakeProc } from '../support/fakes/fake-proc.ts';
import { endOf, runWhippet, spawnWhippet } from '../support/processes/command.ts';
import {
  type ServerProcess,
  type ServerProcessOptions,
  withServer,
} from '../support/processes/server-process.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const INSPECT = JSON.parse(
  readFileSync(new URL('../fixtures/docker/docker-inspect.json', import.meta.url), 'utf8'),
);
const WORKLOADS = {
  entities: {
    [`container_id://${A}`]: { low: ['image:web'], orchestrator: ['task:1'], high: ['box:a'] },
    [`container_id://${B}`]: { low: ['image:db'] },
  },
};

async function withOrigin(
  options: ServerProcessOptions,
  body: (server: ServerProcess, proc: FakeProc) => Promise<void>,
): Promise<void> {
  const proc = new FakeProc();
  const set = { dogstatsd_origin_detection: true, container_proc_root: proc.root, ...options.set };
  try {
    await withServer({ unix: true, workloads: WORKLOADS, ...options, set }, (server) => body(server, proc));
  } finally {
    proc.remove();
  }
}

/** Tags of the metric with its count over all buckets, by tags. */
function counts(server: ServerProcess, metric: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { tags, count } of server.series(metric)) {
    const key = [...tags].sort().join();
    found[key] = (found[key] ?? 0) + Number(count);
  }
  return found;
}

/** Sends a line from a process of its own, which runs in a container before it is given the line. */
async function sendFrom(server: ServerProcess, proc: FakeProc, container: string | undefined, line: string) {
  const child = spawnWhippet(['send', '--to', `unix://${server.socketPath}`, '-']);
  proc.put(child.pid as number, container);
  child.stdin.end(`${line}\n`);
  expect((await endOf(child, 60_000))[0]).toBe(0);
}

it('the same bytes of two containers and of the host are three contexts', async () => {
  await withOrigin({}, async (server, proc) => {
    proc.put(process.pid, A);
    for (let i = 0; i < 3; i++) server.send('unix', ['hits:1|c', 'hits:1|c', 'hits:1|c|card:high']);
    await sendFrom(server, proc, B, 'hits:1|c');
    await sendFrom(server, proc, undefined, 'hits:1|c');
    // Over UDP nobody says who sends.
    server.send('udp', ['hits:1|c']);
    await server.until(() => {
      const found = counts(server, 'hits');
      return Object.values(found).reduce((sum, count) => sum + count, 0) === 12;
    }, 'all are counted');
    expect(counts(server, 'hits')).toEqual({ 'image:web': 9, 'image:db': 1, '': 2 });
    const url = `http://127.0.0.1:${server.httpPort}`;
    const known = await runWhippet(['origin', String(process.pid), '--url', url]);
    expect([known.code, known.stderr]).toEqual([0, '']);
    for (const part of ['0:: of /proc/PID/cgroup', `container_id://${A}`, 'box:a', 'from static (static)'])
      expect(known.stdout).toContain(part);
    expect((await runWhippet(['origin', 'zzz', '--url', url])).code).toBe(1);
    const all = JSON.parse((await runWhippet(['origin', '--json', '--url', url])).stdout);
    expect(all.senders).toMatchObject({ packets: 10, errors: 0 });
  });
});

it('with client fields on, a message picks the level of its tags; events and checks have them as well', async () => {
  const set = { dogstatsd_origin_detection_client: true, dogstatsd_tag_cardinality: 'orchestrator' };
  await withOrigin({ set }, async (server, proc) => {
    proc.put(process.pid, A);
    const levels = ['', '|card:low', '|card:high', '|card:none', '|card:nonsense'];
    server.send('unix', [...levels.map((level, i) => `l${i}:1|c${level}`), '_e{1,1}:a|b', '_sc|s|0']);
    await server.until(
      () => server.total('l4') === 1 && server.events().length === 1 && server.checks().length === 1,
      'all of it',
    );
    expect(levels.map((_, i) => counts(server, `l${i}`))).toEqual([
      { 'image:web,task:1': 1 },
      { 'image:web': 1 },
      { 'box:a,image:web,task:1': 1 },
      { '': 1 },
      { 'image:web,task:1': 1 },
    ]);
    expect(server.events()[0]?.tags).toEqual(['image:web', 'task:1']);
    expect(server.checks()[0]?.tags).toEqual(['image:web', 'task:1']);
  });
});

it('a connection has the tags of the process that made it', async () => {
  await withOrigin({ stream: true }, async (server, proc) => {
    proc.put(process.pid, A);
    const client = connect(server.streamPath);
    await once(client, 'connect');
    for (let i = 0; i < 3; i++) {
      const frame = Buffer.from('    stream:1|c\n');
      frame.writeUInt32LE(frame.length - 4);
      client.write(frame);
    }
    client.end();
    await once(client, 'close');
    await server.until(() => server.total('stream') === 3, 'the frames');
    expect(counts(server, 'stream')).toEqual({ 'image:web': 3 });
  });
});

it('processes that share a connection have the tags of their own containers', async () => {
  await withOrigin({ stream: true }, async (server, proc) => {
    proc.put(process.pid, A);
    const client = connect(server.streamPath);
    await once(client, 'connect');
    // Sends when it is told to, because its container has to be known by then.
    const script = 'read -r go; printf "\\012\\000\\000\\000shared:1|c" >&3';
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'inherit', client] });
    proc.put(child.pid as number, B);
    child.stdin?.end('go\n');
    await once(child, 'exit');
    const frame = Buffer.from('    shared:1|c');
    frame.writeUInt32LE(frame.length - 4);
    // Node has stopped reading what it has handed to a child.
    client.resume().end(frame);
    await once(client, 'close');
    await server.until(() => server.total('shared') === 2, 'both frames');
    expect(counts(server, 'shared')).toEqual({ 'image:web': 1, 'image:db': 1 });
  });
});

it.runIf(process.getuid?.() === 0).each([
  ['datagram socket', 'unix'],
  ['stream', 'unixstream'],
])(
  'a replay over a Unix %s has the senders of its capture while the server knows of it, and its own otherwise',
  async (_, kind) => {
    const container = `container_id://${'c'.repeat(64)}`;
    const payload = Buffer.from('replayed:1|c');
    const record = {
      timestamp: 1_000_000_000n,
      payload,
      pid: 4711,
      ancillary: new Uint8Array(),
      listener: '',
      peer: '',
    };
    const capture = encodeDog([record, { ...record, pid: 4712 }], {
      ...EMPTY_STATE,
      entities: new Map([[container, { low: ['image:captured'], orchestrator: [], high: [] }]]),
      pids: new Map([[4711, container]]),
    });
    await withOrigin({ stream: true }, async (server, proc) => {
      const file = join(proc.root, 'day.dog');
      writeFileSync(file, capture);
      const replay = [
        'replay',
        file,
        '--to',
        kind === 'unix' ? `unix://${server.socketPath}` : `unixstream://${server.streamPath}`,
        '--speed',
        'max',
        '--credentials',
      ];
      expect((await runWhippet(replay)).code).toBe(0);
      await server.until(() => server.total('replayed') === 2, 'the first round');
      expect(counts(server, 'replayed')).toEqual({ '': 2 });
      const known = await runWhippet([...replay, '--url', `http://127.0.0.1:${server.httpPort}`]);
      expect([known.code, known.stderr]).toEqual([0, '']);
      expect(known.stdout).toContain('1 captured sender');
      await server.until(() => server.total('replayed') === 4, 'the second round');
      expect(counts(server, 'replayed')).toEqual({ '': 3, 'image:captured': 1 });
      // It has ended with its connection.
      expect((await runWhippet(replay)).code).toBe(0);
      await server.until(() => server.total('replayed') === 6, 'the third round');
      expect(counts(server, 'replayed')).toEqual({ '': 5, 'image:captured': 1 });
    });
  },
);

it('is off unless it is turned on', async () => {
  await withOrigin({ set: { dogstatsd_origin_detection: false } }, async (server, proc) => {
    proc.put(process.pid, A);
    server.send('unix', ['hits:1|c']);
    await server.until(() => server.total('hits') === 1, 'it is counted');
    expect(counts(server, 'hits')).toEqual({ '': 1 });
  });
});

it('tags that come late make no second context: the first message waits until Docker has been asked', async () => {
  const docker = new FakeDocker();
  await docker.listen();
  try {
    const env = { DOCKER_HOST: `unix://${docker.socketPath}` };
    await withOrigin({ env }, async (server, proc) => {
      await docker.listened();
      // No event says that it has started: only inspect knows it.
      docker.inspects.set(INSPECT.Id, INSPECT);
      proc.put(process.pid, INSPECT.Id);
      server.send('unix', ['late:1|c', 'late:1|c', '_e{1,1}:a|b']);
      await server.until(() => server.total('late') === 2 && server.events().length === 1, 'both');
      const found = Object.keys(counts(server, 'late'));
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('env:labelenv');
      expect(server.events()[0]?.tags.join()).toBe(found[0]);
      expect(docker.asked.filter((path) => path.includes(`/containers/${INSPECT.Id}/`))).toHaveLength(1);
      // One that nobody knows goes on without.
      proc.put(process.pid, 'c'.repeat(64), '200');
      await server.until(() => {
        server.send('unix', ['stranger:1|c']);
        return Object.keys(counts(server, 'stranger')).includes('');
      }, 'the stranger');
    });
  } finally {
    await docker.close();
  }
});
