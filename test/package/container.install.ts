/**
 * The container image: the last stage of the Containerfile over a root file system made of this Node.js, run by a Docker daemon
 * with a read-only root, without capabilities, as other users than root, and used over its volume.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DockerDaemon } from './docker-daemon.ts';
import { ROOT, run } from './project.ts';

const IMAGE = 'whippet-test:latest';
const VOLUME = 'whippet-test-sockets';
const SERVER = 'whippet-test-server';
const IMAGE_BYTES_MAX = 150e6;
const HEALTHY_MS = 60_000;
const LOCKED = [
  '--read-only',
  '--network',
  'none',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
];

let docker: DockerDaemon;
let folder: string;
beforeAll(async () => {
  docker = await DockerDaemon.start();
  folder = mkdtempSync(join(tmpdir(), 'whippet-image-'));
  const { output, status } = run(ROOT, process.execPath, 'scripts/image-root.mjs', join(folder, 'image'));
  expect(status, output).toBe(0);
  const stage = readFileSync(join(ROOT, 'Containerfile'), 'utf8')
    .split(/^(?=FROM )/m)
    .at(-1) as string;
  expect(stage).toContain('COPY --from=build /image/ /');
  writeFileSync(join(folder, 'Dockerfile'), stage.replace('COPY --from=build /image/ /', 'COPY image/ /'));
  docker.succeed('build', '--tag', IMAGE, folder);
});
afterAll(async () => {
  docker?.run('rm', '--force', SERVER);
  docker?.run('volume', 'rm', '--force', VOLUME);
  docker?.run('rmi', '--force', IMAGE);
  await docker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a line of JavaScript in the server's container. */
function inside(script: string) {
  return docker.run('exec', SERVER, '/usr/bin/node', '--input-type=module', '-e', script);
}

it('says what it is: small, with a user, volumes, a signal and a health check', () => {
  const [image] = JSON.parse(docker.succeed('image', 'inspect', IMAGE)) as [
    { Size: number; Config: Record<string, unknown> },
  ];
  console.log(`image: ${(image.Size / 1e6).toFixed(0)} MB`);
  expect(image.Size).toBeLessThan(IMAGE_BYTES_MAX);
  expect(image.Config).toMatchObject({
    User: '65532:65532',
    StopSignal: 'SIGTERM',
    Volumes: { '/run/whippet': {}, '/var/lib/whippet': {} },
    ExposedPorts: { '8125/udp': {}, '8127/tcp': {} },
    Healthcheck: { Test: ['CMD', '/usr/bin/node', '/usr/lib/whippet/healthcheck.mjs'] },
  });
});

it('receives over the socket in its volume, is healthy, cannot write, and stops without a loss', async () => {
  docker.succeed(
    'run',
    '--detach',
    '--name',
    SERVER,
    ...LOCKED,
    '-v',
    `${VOLUME}:/run/whippet`,
    '-e',
    'WHIPPET_BUCKET_SECONDS=1',
    IMAGE,
  );
  const deadline = Date.now() + HEALTHY_MS;
  const health = () => docker.succeed('inspect', '--format', '{{.State.Health.Status}}', SERVER);
  while (health() !== 'healthy') {
    if (Date.now() > deadline) throw new Error(docker.run('logs', SERVER).output);
    await sleep(250);
  }
  expect(inside('console.log(process.getuid())').stdout.trim()).toBe('65532');
  expect(inside('import fs from "node:fs"; fs.writeFileSync("/usr/lib/whippet/x", "")').output).toContain(
    'EROFS',
  );
  const sent = docker.succeed(
    'run',
    '--rm',
    ...LOCKED,
    '--user',
    '12345:0',
    '-v',
    `${VOLUME}:/run/whippet`,
    IMAGE,
    'send',
    '--count',
    'paid',
    '3',
    '--to',
    'unix:///run/whippet/dsd.socket',
  );
  expect(sent).toContain('sent 1 line');
  const page = inside(
    'for (;;) { const t = await (await fetch("http://127.0.0.1:8127/metrics")).text(); if (/^paid/m.test(t)) { console.log(t); break; } await new Promise((r) => setTimeout(r, 100)); }',
  );
  expect(page.stdout).toMatch(/^paid 3$/m);
  docker.succeed('stop', '--time', '30', SERVER);
  expect(docker.succeed('inspect', '--format', '{{.State.ExitCode}}', SERVER)).toBe('0');
  expect(docker.run('logs', SERVER).output).toContain('"balanced":true');
});

it('runs as any user, and has the other commands', () => {
  const run = (...words: string[]) =>
    docker.succeed('run', '--rm', ...LOCKED, '--user', '12345:0', IMAGE, ...words);
  expect(run('--version')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(run('config', '--check')).toContain('ok');
  expect(run('test-server', '--help')).toContain('whippet test-server');
});
