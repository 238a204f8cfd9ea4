/**
 * Makes a fresh clone ready: installs dependencies and builds, each only when something changed since
 * the last time. `npm start`, `npm test` and `npm run bench` call it first; with nothing to do it takes
 * a fraction of a second and prints nothing.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamps = join(root, '.setup');
const SOURCES = [
  'src',
  'bench',
  'scripts/build.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

/** Adds the path, size and time of a file, or of every file below a folder, to the hash. */
function addListing(hash, path) {
  const stat = statSync(path);
  if (stat.isDirectory()) for (const name of readdirSync(path).sort()) addListing(hash, join(path, name));
  else hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
}

/** Runs `work` unless its stamp says that it ran for the same inputs and `result` is still there. */
function step(name, fingerprint, result, work) {
  const stamp = join(stamps, name);
  const done =
    existsSync(join(root, result)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
  if (done) return;
  work();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, fingerprint);
}

function contentOf(...files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function listingOf(...paths) {
  const hash = createHash('sha256').update(process.version);
  for (const path of paths) addListing(hash, join(root, path));
  return hash.digest('hex');
}

step('install', contentOf('package.json', 'package-lock.json'), 'node_modules/.package-lock.json', () => {
  console.error('whippet: installing dependencies …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
});
step('build', listingOf(...SOURCES), 'dist/core/core.wasm', () => {
  console.error('whippet: building …');
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
});
