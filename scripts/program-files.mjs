/**
 * The program as it stands in the Debian package, the image and the single executable: what the npm package has, the libraries it
 * loads, and the Kafka client, which users of the npm package install themselves.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { licencesOf } from './licences.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KAFKA = 'node_modules/@platformatic/kafka';
const PROGRAM = [
  'package.json',
  'dist/esm',
  'dist/core/core.wasm',
  'dist/ui',
  'dist/THIRD-PARTY-LICENSES.txt',
];
/** Of a library: without its sources and types. */
const OF_LIBRARY = /\.(js|cjs|mjs|json|node)$|LICEN[CS]E/i;

/** Copies it into a folder, for Linux on a processor as Node.js calls it. */
export async function copyProgram(folder, arch) {
  const binary = `@koromix/koffi-linux-${arch}`;
  if (!existsSync(join(ROOT, 'node_modules', binary)))
    throw new Error(`${binary} is not installed; npm install --no-save --force ${binary} gets it`);
  for (const path of PROGRAM) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  for (const name of ['koffi', 're2js', binary]) copyLibrary(name, join(folder, 'node_modules', name));
  await bundleKafka(folder);
}

/** The client with what it needs, in one file. Its native helpers are optional, and nothing here asks for them. */
async function bundleKafka(folder) {
  const { name, version, license, exports } = JSON.parse(
    readFileSync(join(ROOT, KAFKA, 'package.json'), 'utf8'),
  );
  const build = await rolldown({
    input: join(ROOT, KAFKA, exports),
    cwd: ROOT,
    platform: 'node',
    external: [/^node:/],
  });
  const { output } = await build.write({ dir: join(folder, KAFKA), entryFileNames: 'index.js' });
  await build.close();
  const about = { name, version, license, type: 'module', exports: './index.js' };
  writeFileSync(join(folder, KAFKA, 'package.json'), JSON.stringify(about));
  const modules = new Set(output.flatMap((chunk) => chunk.moduleIds ?? []));
  appendFileSync(join(folder, 'dist/THIRD-PARTY-LICENSES.txt'), `\n${licencesOf(ROOT, modules)}`);
}

function copyLibrary(name, target) {
  const from = join(ROOT, 'node_modules', name);
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !OF_LIBRARY.test(entry.name)) continue;
    const to = join(target, path.slice(from.length));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(path, to);
  }
}
