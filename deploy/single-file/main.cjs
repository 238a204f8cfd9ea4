/**
 * Entry of the single executable (scripts/single-file.mjs). The program is inside it as one file; on the first start it is
 * unpacked into a folder of the user, because threads and native code are loaded from files, and every start runs it there.
 *
 *   asset "id"        hash of the program: the name of its folder
 *   asset "program"   brotli( [ uint32 length | JSON [[path, bytes], …] | contents ] )
 *
 * The folder is $XDG_CACHE_HOME or ~/.cache, and that of temporary files where neither can be written. One that belongs to someone
 * else, or that others may write, is not used.
 */
const {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const { homedir, tmpdir, userInfo } = require('node:os');
const { dirname, join } = require('node:path');
const { getAsset, getRawAsset } = require('node:sea');
const { brotliDecompressSync } = require('node:zlib');

const OTHERS_WRITE = 0o022;

/** The folder with the program in it. */
function findProgram() {
  const name = `whippet-${getAsset('id', 'utf8')}`;
  const caches = [
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    join(tmpdir(), `whippet-${userInfo().username}`),
  ];
  for (const cache of caches) {
    try {
      const folder = join(cache, name);
      mkdirSync(cache, { recursive: true, mode: 0o700 });
      if (!existsSync(folder)) unpack(folder);
      if (isOurs(cache) && isOurs(folder)) return folder;
    } catch {
      // The next one.
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'whippet-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  unpack(join(folder, name));
  return join(folder, name);
}

function isOurs(folder) {
  const { uid, mode } = lstatSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_WRITE) === 0);
}

/** Another start may do the same at the same time: whoever is first has its folder used. */
function unpack(folder) {
  const packed = brotliDecompressSync(Buffer.from(getRawAsset('program')));
  const start = 4 + packed.readUInt32LE(0);
  const files = JSON.parse(packed.toString('utf8', 4, start));
  const part = mkdtempSync(`${folder}.part-`);
  let at = start;
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(part, path)), { recursive: true });
    writeFileSync(join(part, path), packed.subarray(at, at + bytes));
    at += bytes;
  }
  chmodSync(part, 0o700);
  try {
    renameSync(part, folder);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

createRequire(join(findProgram(), 'start.cjs'))('./start.cjs');
