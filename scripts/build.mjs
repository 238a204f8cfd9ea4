/**
 * Builds into dist/: the core (AssemblyScript to WebAssembly), the server (TypeScript to JavaScript, and the package's bundles of it), the live page
 * (with gzip beside each file) and the benchmark. `node scripts/build.mjs [core|server|page|bench …] [--debug]` builds
 * these parts, side by side; without arguments all of them. TypeScript is compiled incrementally, so a change costs what
 * depends on it. The first failure fails the build.
 *
 * `--debug` is for the core: not optimized, with a source map and function names, and with the assertions that a release
 * leaves out; their messages end up in the server's log. It replaces the core in dist/ until the core is built again.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const CORE_FILE = 'dist/core/core.wasm';
const CORE_FLAGS = [
  'src/core/assembly/index.ts',
  '--outFile',
  CORE_FILE,
  '--runtime',
  'stub',
  '--enable',
  'simd,threads',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '16',
  '--maximumMemory',
  '32768',
];
/** A failed assertion of a release is a trap. */
const RELEASE_FLAGS = ['-O3', '--use', 'abort='];
/** Without the optimizer ASC_OPTIMIZE_LEVEL is 0, which is what the core's debug assertions ask for. */
const DEBUG_FLAGS = ['--debug', '--sourceMap'];

/** Runs one compiler; resolves when it succeeds, rejects with its name when it fails. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(bin(command), args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args[0]} failed`))));
  });
}

/** The page, and the compressed form of its files, which the server sends to browsers. */
async function buildPage() {
  await run('vite', ['build', 'ui', '--logLevel', 'warn']);
  const folder = join(root, 'dist', 'ui');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}

function buildCore() {
  if (!isDebug) rmSync(join(root, `${CORE_FILE}.map`), { force: true });
  return run('asc', [...CORE_FLAGS, ...(isDebug ? DEBUG_FLAGS : RELEASE_FLAGS)]);
}

const PARTS = {
  core: buildCore,
  server: () => run('tsc', ['-p', 'tsconfig.build.json']),
  page: buildPage,
  bench: () => run('tsc', ['-p', 'bench/tsconfig.json']),
};

const isDebug = process.argv.includes('--debug');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--debug');
const unknown = wanted.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  console.error(`build: no part "${unknown[0]}"; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
if (isDebug && wanted.length > 0 && !wanted.includes('core')) {
  console.error('build: --debug is for the core; name it, or no part at all');
  process.exit(2);
}
mkdirSync(join(root, 'dist', 'core'), { recursive: true });
try {
  const parts = wanted.length > 0 ? wanted : Object.keys(PARTS);
  await Promise.all(parts.map((part) => PARTS[part]()));
  // Its types are made of those that the server's build writes.
  if (parts.includes('server')) await bundle(root);
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exit(1);
}
