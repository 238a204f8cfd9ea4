/**
 * Builds everything into dist/: the core (AssemblyScript to WebAssembly), the server (TypeScript to
 * JavaScript) and the benchmark. The three compilers run side by side; the first failure fails the build.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const CORE_FLAGS = [
  'src/core/assembly/index.ts',
  '--outFile',
  'dist/core/core.wasm',
  '-O3',
  '--runtime',
  'stub',
  '--enable',
  'simd,threads,relaxed-simd',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '16',
  '--maximumMemory',
  '32768',
  '--use',
  'abort=',
];

/** Runs one compiler; resolves when it succeeds, rejects with its name when it fails. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(bin(command), args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args[0]} failed`))));
  });
}

mkdirSync(join(root, 'dist', 'core'), { recursive: true });
const jobs = [run('asc', CORE_FLAGS), run('tsc', ['-p', 'tsconfig.build.json'])];
if (existsSync(join(root, 'bench', 'tsconfig.json'))) jobs.push(run('tsc', ['-p', 'bench/tsconfig.json']));
try {
  await Promise.all(jobs);
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exit(1);
}
