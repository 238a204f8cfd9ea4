/**
 * The root file system of the container image: `node scripts/image-root.mjs FOLDER` writes it, with this Node.js and the
 * shared libraries it needs. The Containerfile runs it in its build stage.
 *
 *   /usr/bin/node, /lib, /lib64       Node.js and what ldd says it needs
 *   /usr/lib/whippet                  the program
 *   /run/whippet, /var/lib/whippet    sockets, and data that waits; any user may write, because an image does not know its user
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { copyProgram, ROOT } from './program-files.mjs';

const FOLDER = resolve(process.argv[2] ?? '');
const TEXTS = {
  'etc/passwd':
    'root:x:0:0:root:/:/sbin/nologin\nwhippet:x:65532:65532:whippet:/var/lib/whippet:/sbin/nologin\n',
  'etc/group': 'root:x:0:\nwhippet:x:65532:\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

if (process.argv[2] === undefined) {
  console.error('usage: node scripts/image-root.mjs FOLDER');
  process.exit(2);
}
mkdirSync(FOLDER, { recursive: true });
if (readdirSync(FOLDER).length > 0) {
  console.error(`image: ${FOLDER} is not empty`);
  process.exit(2);
}
put(process.execPath, 'usr/bin/node');
for (const library of librariesOf(process.execPath)) put(library, library);
await copyProgram(join(FOLDER, 'usr/lib/whippet'), process.arch);
put(join(ROOT, 'deploy/container/healthcheck.mjs'), 'usr/lib/whippet/healthcheck.mjs');
put(join(ROOT, 'LICENSE'), 'usr/share/doc/whippet/copyright');
for (const [path, text] of Object.entries(TEXTS)) {
  mkdirSync(dirname(join(FOLDER, path)), { recursive: true });
  writeFileSync(join(FOLDER, path), text);
}
for (const entry of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const isProgram = entry.isDirectory() || (statSync(path).mode & 0o100) !== 0;
  chmodSync(path, isProgram ? 0o755 : 0o644);
}
for (const path of ['tmp', 'run/whippet', 'var/lib/whippet']) {
  mkdirSync(join(FOLDER, path), { recursive: true });
  chmodSync(join(FOLDER, path), 0o1777);
}

function put(from, to) {
  const path = join(FOLDER, to);
  mkdirSync(dirname(path), { recursive: true });
  cpSync(realpathSync(from), path);
}

/** The files that the dynamic linker loads for a program, itself included. */
function librariesOf(program) {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  if (text.includes('not found')) throw new Error(`image: ${program} lacks libraries:\n${text}`);
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path);
}
