/**
 * The single executable: `npm run single-file [FOLDER]` writes whippet-linux-PROCESSOR, which needs neither Node.js nor anything else
 * installed. It is this Node.js with the program inside (Node's "single executable applications"), so it is built on the kind
 * of machine that it is for.
 *
 *   program files ──brotli──▶ asset ┐
 *   deploy/single-file/main.cjs ────┴──▶ blob ──postject──▶ a copy of this node
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { inject } from 'postject';
import { copyProgram, ROOT } from './program-files.mjs';

/** What Node.js looks for to know that something was put into it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Builds it and returns its path. */
export async function buildSingleFile(folder) {
  if (process.platform !== 'linux')
    throw new Error(`single-file: for Linux alone, this is ${process.platform}`);
  const stage = mkdtempSync(join(tmpdir(), 'whippet-single-'));
  try {
    await copyProgram(join(stage, 'program'), process.arch);
    writeFileSync(join(stage, 'program/start.cjs'), "import('./dist/esm/whippet.js');\n");
    const packed = pack(join(stage, 'program'));
    writeFileSync(join(stage, 'packed'), brotliCompressSync(packed));
    writeFileSync(join(stage, 'id'), createHash('sha256').update(packed).digest('hex').slice(0, 16));
    const blob = join(stage, 'blob');
    const config = {
      main: join(ROOT, 'deploy/single-file/main.cjs'),
      output: blob,
      disableExperimentalSEAWarning: true,
      assets: { program: join(stage, 'packed'), id: join(stage, 'id') },
    };
    writeFileSync(join(stage, 'config.json'), JSON.stringify(config));
    execFileSync(process.execPath, ['--experimental-sea-config', join(stage, 'config.json')], {
      stdio: ['ignore', 2, 2],
    });
    mkdirSync(folder, { recursive: true });
    const target = join(resolve(folder), `whippet-linux-${process.arch}`);
    rmSync(target, { force: true });
    copyFileSync(process.execPath, target);
    chmodSync(target, 0o755);
    await inject(target, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse: FUSE });
    return target;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** All files below a folder in one: length of the list, the list, the contents. */
function pack(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const contents = paths.map((path) => readFileSync(path));
  const list = Buffer.from(
    JSON.stringify(paths.map((path, i) => [relative(folder, path), contents[i].length])),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(list.length);
  return Buffer.concat([length, list, ...contents]);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(await buildSingleFile(process.argv[2] ?? '.'));
