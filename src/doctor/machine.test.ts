/** Against a made-up /proc, and against the real one with real sockets. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { checkMachine } from './machine.ts';
import { describeHolders, portHolder, socketHolder } from './socket-holders.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whippet-doctor-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

function configOf(values: object): Config {
  return loadConfig({ values }).config;
}

const found = (values: object, section: string) =>
  checkMachine(configOf(values), root).filter((finding) => finding.section === section);

describe('who holds a port', () => {
  it('is read from the tables of sockets and the descriptors of processes', () => {
    const head =
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
    write('proc/net/udp', `${head}  5: 0100007F:1FBD 00000000:0000 07 0:0 00:0 0 0 0 4711 2 0 0\n`);
    write(
      'proc/net/tcp',
      `${head}  0: 0100007F:1FBF 00000000:0000 0A 0:0 00:0 0 0 0 4712 1 0 0\n  1: 0100007F:1FC0 00000000:0000 01 0:0 00:0 0 0 0 4713 1 0 0\n`,
    );
    write(
      'proc/net/unix',
      'Num RefCount Protocol Flags Type St Inode Path\n00: 2 0 0 0002 01 4714 /run/dsd sock\n',
    );
    write('proc/123/comm', 'agent\n');
    mkdirSync(join(root, 'proc/123/fd'));
    symlinkSync('socket:[4711]', join(root, 'proc/123/fd/7'));
    const proc = join(root, 'proc');
    expect(portHolder('udp', 8125, proc)).toEqual({ holders: [{ pid: 123, name: 'agent' }] });
    expect(portHolder('tcp', 8127, proc)).toEqual({ holders: [] });
    expect(portHolder('tcp', 8128, proc)).toBeUndefined();
    expect(portHolder('udp', 8126, proc)).toBeUndefined();
    expect(socketHolder('/run/dsd sock', proc)).toEqual({ holders: [] });
    expect(describeHolders({ holders: [] })).toContain('another user');
    expect(found({ dogstatsd_port: 8125 }, 'ports')).toMatchObject([
      { subject: 'UDP 8125', status: 'fail', detail: 'held by pid 123 (agent)' },
      { subject: 'TCP 8127', status: 'fail' },
    ]);
  });

  it.skipIf(process.platform !== 'linux')('is this process for its own sockets', async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const path = join(root, 's.sock');
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(portHolder('udp', udp.address().port)?.holders).toMatchObject([{ pid: process.pid }]);
    expect(socketHolder(path)?.holders).toMatchObject([{ pid: process.pid }]);
    udp.close();
    server.close();
  });
});

describe('socket files', () => {
  it('need a folder one may write to, and nothing else in their place', () => {
    const path = join(root, 'dsd.sock');
    expect(found({ dogstatsd_socket: path }, 'sockets')).toMatchObject([{ status: 'ok' }]);
    writeFileSync(path, '');
    expect(found({ dogstatsd_socket: path }, 'sockets')).toMatchObject([
      { status: 'fail', detail: expect.stringContaining('not a socket') },
    ]);
    expect(found({ dogstatsd_socket: join(root, 'none/dsd.sock') }, 'sockets')).toMatchObject([
      { status: 'fail', fix: `install -d -m 0755 ${join(root, 'none')}` },
    ]);
    expect(found({ dogstatsd_socket: join(path, 'x') }, 'sockets')).toMatchObject([
      { status: 'fail', detail: expect.stringContaining('is not a folder') },
    ]);
  });
});

describe('the kernel and memory', () => {
  it('are told with the exact command', () => {
    write('proc/sys/net/core/rmem_max', '212992\n');
    write('proc/sys/net/unix/max_dgram_qlen', '10\n');
    expect(found({ dogstatsd_socket: '/run/d.sock' }, 'kernel')).toMatchObject([
      { subject: 'net.core.rmem_max', status: 'warn', fix: 'sysctl -w net.core.rmem_max=4194304' },
      { subject: 'net.unix.max_dgram_qlen', status: 'warn', fix: 'sysctl -w net.unix.max_dgram_qlen=512' },
    ]);
    expect(found({ dogstatsd_so_rcvbuf: 100_000 }, 'kernel')).toMatchObject([{ status: 'ok' }]);
    expect(found({ dogstatsd_port: -1 }, 'kernel')).toEqual([]);
  });

  it('are those of the own cgroup', () => {
    write('proc/self/cgroup', '0::/x\n');
    write('sys/fs/cgroup/x/memory.current', String(90 * 1024 * 1024));
    write('sys/fs/cgroup/x/memory.max', String(100 * 1024 * 1024));
    write('sys/fs/cgroup/x/memory.stat', 'anon 1\ninactive_file 0\n');
    expect(found({}, 'memory')).toMatchObject([
      { subject: 'cgroup v2', status: 'warn', detail: expect.stringContaining('90 of 100 MiB') },
    ]);
  });
});
