/**
 * A Docker daemon for a test: the one of the machine, or one of our own from Debian's packages, unpacked and not installed,
 * with its state in a temporary folder and without a network. Needs root for the latter, and apt's package lists.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PACKAGES = ['docker.io', 'containerd', 'runc', 'tini', 'libdevmapper1.02.1'];
const START_MS = 120_000;
const STOP_MS = 30_000;
const COMMAND_MS = 120_000;

export interface Ended {
  readonly stdout: string;
  readonly output: string;
  readonly status: number | null;
}

export class DockerDaemon {
  private readonly folder = mkdtempSync(join(tmpdir(), 'whippet-docker-'));
  private program = 'docker';
  private environment: NodeJS.ProcessEnv = { ...process.env, DOCKER_BUILDKIT: '0' };
  private daemon: ChildProcess | undefined;

  static async start(): Promise<DockerDaemon> {
    const docker = new DockerDaemon();
    if (docker.run('info').status === 0) return docker;
    try {
      await docker.startOwn();
    } catch (error) {
      await docker.stop();
      throw error;
    }
    return docker;
  }

  /** `docker …`. */
  run(...words: readonly string[]): Ended {
    const { stdout, stderr, status, error } = spawnSync(this.program, words, {
      env: this.environment,
      encoding: 'utf8',
      timeout: COMMAND_MS,
    });
    return { stdout: stdout ?? '', output: `${stdout}${stderr}${error?.message ?? ''}`, status };
  }

  /** The same; throws unless it succeeds. */
  succeed(...words: readonly string[]): string {
    const { stdout, output, status } = this.run(...words);
    if (status !== 0) throw new Error(`docker ${words.join(' ')}: ${status}\n${output}`);
    return stdout.trim();
  }

  async stop(): Promise<void> {
    const { daemon } = this;
    if (daemon !== undefined && daemon.exitCode === null) {
      daemon.kill('SIGTERM');
      await Promise.race([once(daemon, 'exit'), sleep(STOP_MS).then(() => daemon.kill('SIGKILL'))]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startOwn(): Promise<void> {
    const unpacked = join(this.folder, 'unpacked');
    mkdirSync(unpacked);
    this.prepare('apt-get', ['download', ...PACKAGES]);
    for (const deb of readdirSync(this.folder).filter((name) => name.endsWith('.deb')))
      this.prepare('dpkg-deb', ['-x', deb, unpacked]);
    const path = ['usr/bin', 'usr/sbin'].map((part) => join(unpacked, part)).join(':');
    const libraries = join(unpacked, 'usr/lib/x86_64-linux-gnu');
    this.environment = {
      ...this.environment,
      DOCKER_HOST: `unix://${this.folder}/docker.sock`,
      PATH: `${path}:${process.env.PATH}`,
      LD_LIBRARY_PATH: libraries,
    };
    this.program = join(unpacked, 'usr/bin/docker');
    const log = openSync(join(this.folder, 'log'), 'w');
    this.daemon = spawn(
      join(unpacked, 'usr/sbin/dockerd'),
      [
        ...['-H', `unix://${this.folder}/docker.sock`, '--data-root', join(this.folder, 'data')],
        ...['--exec-root', join(this.folder, 'exec'), '--pidfile', join(this.folder, 'pid')],
        ...[
          '--bridge=none',
          '--iptables=false',
          '--ip6tables=false',
          '--ip-forward=false',
          '--storage-driver=vfs',
        ],
      ],
      { env: this.environment, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    const deadline = Date.now() + START_MS;
    while (!existsSync(join(this.folder, 'docker.sock')) || this.run('info').status !== 0) {
      if (this.daemon.exitCode !== null || Date.now() > deadline)
        throw new Error(
          `dockerd does not start:\n${readFileSync(join(this.folder, 'log'), 'utf8').slice(-3000)}`,
        );
      await sleep(200);
    }
  }

  private prepare(command: string, words: readonly string[]): void {
    const { stdout, stderr, status } = spawnSync(command, words, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: COMMAND_MS,
    });
    if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stdout}${stderr}`);
  }
}
