/**
 * Makes a fresh clone ready: installs dependencies and builds, each only when something changed since the last time.
 * `npm start`, `npm test` and `npm run bench` call it first; with nothing to do it takes a fraction of a second and
 * prints nothing. `node scripts/setup.mjs bench` builds the benchmark as well; with `--installed` nothing is installed,
 * which is what npm asks for by `prepare`, after it has installed the dependencies itself.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamps = join(root, '.setup');

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

/** Without install scripts: no dependency needs its own, and ours, `prepare`, is what the rest of this file does. */
function install() {
  console.error('whippet: installing dependencies …');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

/** Builds one part when its sources have changed. */
function build(part, result, ...sources) {
  step(`build-${part}`, listingOf('scripts/build.mjs', 'package-lock.json', ...sources), result, () => {
    console.error(`whippet: building the ${part} …`);
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), part], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
  });
}

if (!process.argv.includes('--installed')) {
  step('install', contentOf('package-lock.json'), 'node_modules/.package-lock.json', install);
} else if (!existsSync(join(root, 'node_modules', 'typescript'))) {
  console.error(
    'whippet: not built, because the development dependencies are not installed; npm ci installs them',
  );
  process.exit(existsSync(join(root, 'dist/esm/whippet.js')) ? 0 : 1);
}
build('core', 'dist/core/core.wasm', 'src/core/assembly');
build(
  'server',
  'dist/esm/whippet.js',
  'src',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
);
build('page', 'dist/ui/index.html', 'ui');
if (process.argv.includes('bench')) build('bench', 'dist/bench/bench.js', 'src', 'bench', 'tsconfig.json');
