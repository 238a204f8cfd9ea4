/**
 * The machine as a server with this configuration would find it: ports, socket files, the kernel's limits, memory. Looks
 * only, changes nothing, and needs no server.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { findMemorySource, MemoryUsage } from '../listeners/memory/memory-usage.ts';
import type { Finding, Section, Status } from './finding.ts';
import { describeHolders, type Held, portHolder, socketHolder } from './socket-holders.ts';

/** What the UDP socket asks for when dogstatsd_so_rcvbuf is 0. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Datagrams that may wait at a Unix socket; the system's usual 10 make clients wait in every burst. */
const QUEUE_LENGTH = 512;
/** What a server with few contexts needs, with room for bursts. */
const MEMORY_BYTES_MIN = 256 * 1024 * 1024;
const MEMORY_SHARE_MAX = 0.9;

/** Everything but what needs a network. `systemRoot` is / but in tests. */
export function checkMachine(config: Config, systemRoot = '/'): Finding[] {
  return [
    ...checkPorts(config, join(systemRoot, 'proc')),
    ...checkSockets(config, join(systemRoot, 'proc')),
    ...checkKernel(config, systemRoot),
    ...checkMemory(systemRoot),
  ];
}

function checkPorts(config: Config, procRoot: string): Finding[] {
  const ports: [key: string, protocol: 'udp' | 'tcp', port: number][] = [
    ['dogstatsd_port', 'udp', config.dogstatsd_port],
    ['dogstatsd_tcp_port', 'tcp', config.dogstatsd_tcp_port],
    ['http.port', 'tcp', config.http.port],
  ];
  return ports.flatMap(([key, protocol, port]) => {
    if (port <= 0) return [];
    const subject = `${protocol.toUpperCase()} ${port}`;
    const held = portHolder(protocol, port, procRoot);
    return [
      held === undefined
        ? finding('ports', subject, 'ok', 'free')
        : finding(
            'ports',
            subject,
            'fail',
            `held by ${describeHolders(held)}`,
            `stop it, or set ${key} to another port`,
          ),
    ];
  });
}

function checkSockets(config: Config, procRoot: string): Finding[] {
  return [config.dogstatsd_socket, config.dogstatsd_stream_socket]
    .filter((path) => path !== '')
    .map((path) => checkSocket(path, socketHolder(path, procRoot)));
}

function checkSocket(path: string, held: Held | undefined): Finding {
  if (held !== undefined) {
    return finding(
      'sockets',
      path,
      'fail',
      `held by ${describeHolders(held)}`,
      'stop it, or choose another path',
    );
  }
  const folder = dirname(path);
  const owner = `for user ${process.getuid?.() ?? 'unknown'}`;
  const folderStat = statSync(folder, { throwIfNoEntry: false });
  if (folderStat === undefined) {
    return finding('sockets', path, 'fail', `there is no folder ${folder}`, `install -d -m 0755 ${folder}`);
  }
  if (!folderStat.isDirectory()) return finding('sockets', path, 'fail', `${folder} is not a folder`);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return finding(
      'sockets',
      path,
      'fail',
      `${folder} is not writable ${owner}`,
      `chown it, or add the user to its group`,
    );
  }
  const known = statSync(path, { throwIfNoEntry: false });
  if (known === undefined) return finding('sockets', path, 'ok', `can be made ${owner}`);
  if (!known.isSocket()) {
    return finding(
      'sockets',
      path,
      'fail',
      'a file that is not a socket is in its place',
      `move ${path} away`,
    );
  }
  return finding('sockets', path, 'ok', 'left behind by a server that has ended; it is replaced');
}

function checkKernel(config: Config, systemRoot: string): Finding[] {
  if (!isLinux(systemRoot)) return [finding('kernel', 'limits', 'skipped', 'only Linux tells them')];
  const findings: Finding[] = [];
  if (config.dogstatsd_port >= 0) {
    const wanted = config.dogstatsd_so_rcvbuf === 0 ? RECEIVE_BUFFER_BYTES : config.dogstatsd_so_rcvbuf;
    findings.push(
      checkSysctl(systemRoot, {
        name: 'net.core.rmem_max',
        wanted,
        short: (has) =>
          `the UDP socket asks for ${wanted} bytes and gets ${Math.min(has, wanted)}: the kernel drops datagrams in shorter bursts`,
      }),
    );
  }
  if (config.dogstatsd_socket !== '') {
    findings.push(
      checkSysctl(systemRoot, {
        name: 'net.unix.max_dgram_qlen',
        wanted: QUEUE_LENGTH,
        short: (has) => `${has} datagrams may wait at the socket: clients wait, or drop, in short bursts`,
      }),
    );
  }
  return findings;
}

function checkSysctl(
  systemRoot: string,
  limit: { readonly name: string; readonly wanted: number; readonly short: (has: number) => string },
): Finding {
  const { name, wanted, short } = limit;
  const has = readNumber(join(systemRoot, 'proc/sys', name.replaceAll('.', '/')));
  if (has === undefined)
    return finding('kernel', name, 'skipped', 'cannot be read, as inside most containers');
  if (has >= wanted) return finding('kernel', name, 'ok', String(has));
  return finding('kernel', name, 'warn', short(has), `sysctl -w ${name}=${wanted}`);
}

function checkMemory(systemRoot: string): Finding[] {
  const usage = new MemoryUsage(findMemorySource(systemRoot));
  try {
    const { used, limit } = usage.read();
    const subject =
      usage.source.kind === 'host' || usage.source.kind === 'system' ? 'machine' : usage.source.kind;
    if (!(limit > 0)) return [finding('memory', subject, 'skipped', 'cannot be read')];
    const detail = `${mebibytes(used)} of ${mebibytes(limit)} MiB in use`;
    if (limit < MEMORY_BYTES_MIN) {
      return [
        finding(
          'memory',
          subject,
          'warn',
          `${detail}; a burst of new contexts may not fit`,
          'give it 256 MiB',
        ),
      ];
    }
    return [finding('memory', subject, used / limit > MEMORY_SHARE_MAX ? 'warn' : 'ok', detail)];
  } finally {
    usage.close();
  }
}

export function finding(
  section: Section,
  subject: string,
  status: Status,
  detail: string,
  fix?: string,
): Finding {
  return { section, subject, status, detail, ...(fix !== undefined && { fix }) };
}

function isLinux(systemRoot: string): boolean {
  return statSync(join(systemRoot, 'proc/sys'), { throwIfNoEntry: false }) !== undefined;
}

function readNumber(path: string): number | undefined {
  try {
    const number = Number(readFileSync(path, 'utf8').trim());
    return Number.isFinite(number) ? number : undefined;
  } catch {
    return undefined;
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
