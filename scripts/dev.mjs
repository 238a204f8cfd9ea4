/**
 * `npm run dev [-- flags of "whippet run"]`: builds, runs the server, and watches. A saved file is compiled on its own
 * (tsc --watch), and once everything compiles the server is started again. A file of the core builds the core first.
 *
 *   src/**.ts ──▶ tsc --watch ──"Found 0 errors"──▶ restart
 *   src/core/assembly ──▶ build.mjs core ──────────▶ restart
 *
 * The old server is asked to stop and has ended before the new one starts, so both can have the same port. `npm run ui`
 * serves the live page with hot reload beside it. Ctrl-C ends everything.
 */
import { execFileSync, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = process.argv.slice(2);
/** Editors write a file in several steps. */
const QUIET_MS = 100;
/** How long the server may take to stop before it is killed. */
const STOP_MS = 10_000;

/** Starts one program after another has ended; of several requests meanwhile the last one counts. */
class Restarter {
  #child;
  #wanted = false;
  #ended = false;
  #deadline;

  restart() {
    if (this.#ended) return;
    this.#wanted = true;
    if (this.#child === undefined) this.#start();
    else this.#stop();
  }

  end() {
    this.#ended = true;
    this.#wanted = false;
    this.#stop();
  }

  #start() {
    this.#wanted = false;
    const child = spawn(process.execPath, [join(root, 'dist/cli/whippet.js'), 'run', ...flags], {
      stdio: 'inherit',
    });
    this.#child = child;
    child.on('exit', (code) => {
      clearTimeout(this.#deadline);
      this.#child = undefined;
      if (this.#wanted) this.#start();
      else if (!this.#ended) console.error(`dev: the server ended with code ${code}; waiting for a change`);
    });
  }

  #stop() {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  }
}

execFileSync(process.execPath, [join(root, 'scripts/setup.mjs')], { stdio: 'inherit' });

const server = new Restarter();
const compiler = spawn(
  process.execPath,
  [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
createInterface({ input: compiler.stdout }).on('line', (line) => {
  if (line !== '') console.error(line);
  if (line.includes('Found 0 errors')) server.restart();
});
compiler.on('exit', (code) => end(code ?? 1));

let quiet;
const coreWatch = watch(join(root, 'src/core/assembly'), () => {
  clearTimeout(quiet);
  quiet = setTimeout(buildCore, QUIET_MS);
});

function buildCore() {
  console.error('dev: building the core');
  const build = spawn(process.execPath, [join(root, 'scripts/build.mjs'), 'core'], { stdio: 'inherit' });
  build.on('exit', (code) => code === 0 && server.restart());
}

function end(code) {
  process.exitCode = code;
  coreWatch.close();
  clearTimeout(quiet);
  compiler.kill();
  server.end();
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(0));
