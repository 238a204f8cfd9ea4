/**
 * What the package consists of: the program and the test kit with the libraries they need inside, and their types.
 *
 *   src/**.ts ──rolldown──▶ dist/esm/NAME.js, chunks      the command, the entries of package.json's `exports`, the threads
 *             ──rolldown──▶ dist/cjs/NAME.cjs, chunks     the entries with a condition `require`, for jest
 *   dist/**.d.ts ──────────▶ dist/types/NAME.d.ts, chunks, and dist/cjs/NAME.d.cts, which names them
 *             ──rolldown──▶ dist/esm/load-order.cjs       what loads the configuration, in one file, which a server forgets
 *             ──rolldown──▶ dist/esm/listener.worker.js   the listener threads, whose modules are loaded at once as one file
 *   node_modules ──────────▶ dist/THIRD-PARTY-LICENSES.txt
 *
 * Both folders of code are as deep as those of src/, because files are found beside import.meta.url, and flat, because
 * threads are started by the name of their file. docs/decisions/bundled-package.md says why there is a bundle at all.
 */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';
import { bundleTypes, writeCommonJsTypes } from './bundle-types.mjs';
import { licencesOf } from './licences.mjs';

/** Loaded where they are installed: native code, what is loaded by require on first use, and what the user chooses. */
const EXTERNAL = ['koffi', 're2js', 'vitest', '@platformatic/kafka'];
/** What a listener thread runs. */
const LISTENER_ENTRY = 'listener.worker.ts';

/** Builds the package of the repository at `root`; the server's own build has to be there. */
export async function bundle(root) {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.values(exports).filter((target) => target.types !== undefined);
  const required = entries.filter((target) => target.require !== undefined);
  const modules = await bundleCode(root, 'esm', {
    ...Object.fromEntries(entries.map((entry) => [basename(entry.default, '.js'), sourceOf(entry)])),
    [basename(bin.whippet, '.js')]: 'src/cli/whippet.ts',
    ...threadsOf(root),
  });
  const commonJs = Object.fromEntries(
    required.map((entry) => [basename(entry.require.default, '.cjs'), sourceOf(entry)]),
  );
  for (const module of await bundleCode(root, 'cjs', commonJs)) modules.add(module);
  await bundleLoading(root);
  for (const module of await bundleListeners(root)) modules.add(module);
  writeFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), licencesOf(root, modules));
  await bundleTypes(root, entries);
  writeCommonJsTypes(root, required);
}

/** `./dist/types/testing/index.d.ts` comes from `src/testing/index.ts`. */
function sourceOf(entry) {
  return entry.types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts');
}

/** The entries of threads under the names they are started by, but that of listener threads. */
function threadsOf(root) {
  const paths = readdirSync(join(root, 'src'), { recursive: true }).filter(
    (path) => path.endsWith('.worker.ts') && !path.endsWith(LISTENER_ENTRY),
  );
  return Object.fromEntries(paths.map((path) => [basename(path, '.ts'), join('src', path)]));
}

/** Writes dist/`format`/ and returns the modules that are in it, by their path. */
async function bundleCode(root, format, entries) {
  const folder = join(root, 'dist', format);
  const extension = format === 'cjs' ? 'cjs' : 'js';
  return write(root, entries, {
    dir: folder,
    cleanDir: true,
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `chunk-[name]-[hash].${extension}`,
  });
}

/** What loads the configuration, beside both forms of the program. Its modules are those of the program. */
async function bundleLoading(root) {
  const dir = join(root, 'dist/esm');
  const output = { dir, format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false };
  await write(root, { 'load-order': 'src/cli/load-order.ts' }, output);
  copyFileSync(join(dir, 'load-order.cjs'), join(root, 'dist/cli/load-order.cjs'));
}

/**
 * The listener threads apart from the rest, with which they would share chunks: every file takes a thread a millisecond and more
 * to load, and the time until the first packet is theirs. What is left beside the entry is loaded for streams alone.
 */
async function bundleListeners(root) {
  return write(
    root,
    { 'listener.worker': join('src/listeners/thread', LISTENER_ENTRY) },
    {
      dir: join(root, 'dist/esm'),
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunk-[name]-[hash].js',
    },
  );
}

/** Bundles `entries` and returns the modules that are in it. */
async function write(root, entries, options) {
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    cwd: root,
    platform: 'node',
    tsconfig: join(root, 'tsconfig.build.json'),
    external: (id) =>
      id.startsWith('node:') ||
      builtinModules.includes(id) ||
      EXTERNAL.some((name) => id === name || id.startsWith(`${name}/`)),
    onLog(level, log, handler) {
      if (level === 'warn') throw new Error(`bundle: ${log.message}`);
      handler(level, log);
    },
  });
  const comments = { legal: true, annotation: false, jsdoc: false };
  const { output } = await build.write({ exports: 'named', comments, ...options });
  await build.close();
  for (const { fileName, code } of output)
    if (code !== undefined) writeFileSync(join(options.dir, fileName), toAscii(code));
  return new Set(output.flatMap((chunk) => chunk.moduleIds ?? []));
}

/**
 * The same program without characters beyond ASCII, which may be written as escapes wherever they can stand. V8 keeps the text of
 * a module for as long as the module lives, with two bytes for each character as soon as one of them is beyond Latin-1.
 */
function toAscii(code) {
  if (/\\[^\0-\x7f]/.test(code)) throw new Error('bundle: a backslash before a character beyond ASCII');
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
