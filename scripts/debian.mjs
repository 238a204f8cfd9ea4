/**
 * The Debian package: `npm run debian [FOLDER]` writes whippet_VERSION_ARCHITECTURE.deb, into the current folder if none is named.
 * It needs dpkg-deb and Node.js, not root and not the network.
 *
 *   /usr/lib/whippet        what the npm package has, with koffi and re2js; the program runs on Debian's package nodejs
 *   /usr/bin/whippet        the command
 *   /lib/systemd/system     whippet.service and whippet.socket, of deploy/systemd
 *   /etc/whippet            configuration and variables, which upgrades leave alone
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { copyProgram, ROOT } from './program-files.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** Builds the package for a processor, as Node.js calls it, and returns its path. */
export async function buildDebian(folder, arch = process.arch) {
  const architecture = ARCHITECTURES[arch];
  if (architecture === undefined)
    throw new Error(`debian: no package for ${arch}, only ${Object.keys(ARCHITECTURES).join(' and ')}`);
  const { version, description, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const stage = mkdtempSync(join(tmpdir(), 'whippet-debian-'));
  try {
    const put = (from, to, mode = 0o644) => {
      const path = join(stage, to);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, readFileSync(join(ROOT, from)));
      chmodSync(path, mode);
    };
    await copyProgram(join(stage, 'usr/lib/whippet'), arch);
    put('deploy/debian/whippet', 'usr/bin/whippet', 0o755);
    put('deploy/systemd/whippet.service', 'lib/systemd/system/whippet.service');
    put('deploy/systemd/whippet.socket', 'lib/systemd/system/whippet.socket');
    put('deploy/debian/whippet.yaml', 'etc/whippet/whippet.yaml');
    put('deploy/debian/environment', 'etc/whippet/environment', 0o600);
    put('LICENSE', 'usr/share/doc/whippet/copyright');
    put('README.md', 'usr/share/doc/whippet/README.md');
    writeFileSync(
      join(stage, 'usr/share/doc/whippet/configuration.md.gz'),
      gzipSync(readFileSync(join(ROOT, 'docs/configuration.md')), { level: 9 }),
    );
    settle(stage);
    for (const script of ['postinst', 'prerm', 'postrm'])
      put(`deploy/debian/${script}`, `DEBIAN/${script}`, 0o755);
    writeFileSync(join(stage, 'DEBIAN/conffiles'), '/etc/whippet/environment\n/etc/whippet/whippet.yaml\n');
    writeFileSync(
      join(stage, 'DEBIAN/control'),
      controlOf({ version, description, architecture, node: engines.node, kilobytes: kilobytesOf(stage) }),
    );
    chmodSync(join(stage, 'DEBIAN'), 0o755);
    const target = join(resolve(folder), `whippet_${version}_${architecture}.deb`);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', stage, target], {
      stdio: ['ignore', 2, 2],
    });
    return target;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Folders are for all to enter, files for all to read, whatever the umask of the build; modes of 0600 and programs stay. */
function settle(stage) {
  chmodSync(stage, 0o755);
  for (const entry of readdirSync(stage, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (path.startsWith(join(stage, 'usr/lib'))) chmodSync(path, 0o644);
  }
}

function kilobytesOf(stage) {
  const files = readdirSync(stage, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.ceil(
    files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1024,
  );
}

function controlOf({ version, description, architecture, node, kilobytes }) {
  return `Package: whippet
Version: ${version}
Architecture: ${architecture}
Maintainer: the maintainers of whippet <maintainers@whippet.invalid>
Installed-Size: ${kilobytes}
Depends: nodejs (${node.replace('>=', '>= ')}), adduser, libc6
Section: net
Priority: optional
Description: DogStatsD server
 ${description}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(await buildDebian(process.argv[2] ?? '.', process.argv[3]));
