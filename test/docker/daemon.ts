/**
 * A real Docker daemon without network, in a temporary folder, with one image: a static busybox. It needs root, Linux and
 * dockerd, unpacked by scripts/docker.sh or in the path.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const UNPACKED = fileURLToPath(new URL('../../.setup/docker/root', import.meta.url));
const FOLDERS = [
  ...['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((folder) => join(UNPACKED, folder)),
  ...(process.env.PATH ?? '').split(':'),
];
const START_MS = 60_000;
const COMMAND_MS = 60_000;
const find = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));

/** Why no daemon can run here; undefined when one can. */
export function whyNoDaemon(): string | undefined {
  if (process.platform !== 'linux') return 'Docker needs Linux';
  if (process.getuid?.() !== 0) return 'a daemon needs root';
  for (const name of ['dockerd', 'docker', 'containerd', 'runc', 'busybox', 'perl'])
    if (find(name) === undefined) return `there is no ${name}; scripts/docker.sh gets it on Debian`;
  return undefined;
}

export class Daemon {
  readonly folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  readonly socketPath = join(this.folder, 'docker.sock');
  readonly image = 'whippet-test:1';
  private child: ChildProcess | undefined;

  static async start(): Promise<Daemon> {
    const daemon = new Daemon();
    try {
      await daemon.up();
      await daemon.makeImage();
      return daemon;
    } catch (error) {
      await daemon.dispose();
      throw error;
    }
  }

  /** Starts it; resolves when it answers. */
  async up(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const at = (name: string): string => join(this.folder, name);
    const off = ['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--bridge=none'];
    this.child = spawn(
      find('dockerd') as string,
      [
        ...['-H', `unix://${this.socketPath}`, '--data-root', at('data'), '--exec-root', at('exec')],
        ...['--pidfile', at('pid'), '--storage-driver=vfs', ...off],
      ],
      { stdio: ['ignore', log, log], env: this.env() },
    );
    const until = performance.now() + START_MS;
    while (!(await this.answers())) {
      if (performance.now() > until || this.child.exitCode !== null)
        throw new Error(
          `dockerd does not start:\n${readFileSync(join(this.folder, 'log'), 'utf8').slice(-4000)}`,
        );
      await sleep(100);
    }
  }

  /** Stops it, and its containers with it. */
  async down(): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(30_000, undefined, { ref: false })]);
    if (child.exitCode === null) child.kill('SIGKILL');
  }

  async dispose(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }

  /** Runs `docker` with these arguments; what it prints. */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(find('docker') as string, args, {
      env: { ...this.env(), DOCKER_HOST: `unix://${this.socketPath}` },
      timeout: COMMAND_MS,
    });
    return stdout.trim();
  }

  private async makeImage(): Promise<void> {
    const root = join(this.folder, 'image');
    mkdirSync(join(root, 'bin'), { recursive: true });
    copyFileSync(find('busybox') as string, join(root, 'bin/busybox'));
    for (const name of ['sh', 'chroot', 'sleep', 'true'])
      copyFileSync(join(root, 'bin/busybox'), join(root, 'bin', name));
    const tar = join(this.folder, 'image.tar');
    await promisify(execFile)('tar', ['-C', root, '-cf', tar, '.']);
    await this.docker('import', '--change', 'CMD ["/bin/sh"]', tar, this.image);
  }

  private env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: FOLDERS.join(':'),
      LD_LIBRARY_PATH: join(UNPACKED, 'usr/lib/x86_64-linux-gnu'),
    };
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const asked = request({ socketPath: this.socketPath, path: '/_ping', timeout: 1000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      asked.on('error', () => resolve(false));
      asked.on('timeout', () => asked.destroy());
      asked.end();
    });
  }
}
