/**
 * The files of the live page, built from `ui/` into `dist/ui`: read once at start, with their compressed form.
 *
 *   /                 index.html        never cached: it names the others
 *   /assets/NAME-HASH script and style  cached for ever: another content has another name
 *
 * Memory  Some 300 KiB.
 * Missing Without a build there is no page; `/` then says how to make it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** The same from src/http and from dist/http. */
const FOLDER = fileURLToPath(new URL('../../dist/ui', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * What the page may do: run and style itself by its own files, ask this server, show the icon that is in it. Nothing
 * else, and no other host.
 */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

/** By path: `index.html`, `assets/index-4f1c.js`. Empty when the page was not built. */
export type PageFiles = ReadonlyMap<string, PageFile>;

export function readPageFiles(folder: string = FOLDER): PageFiles {
  const files = new Map<string, PageFile>();
  for (const path of pathsBelow(folder)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const plain = readFileSync(join(folder, path));
    files.set(path, { type, plain, gzip: compressed(join(folder, path), plain) });
  }
  return files;
}

function pathsBelow(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      );
  } catch {
    return [];
  }
}

/** The build has compressed it; a file of another origin is compressed here. */
function compressed(path: string, plain: Buffer): Buffer {
  try {
    return readFileSync(`${path}.gz`);
  } catch {
    return gzipSync(plain, { level: 9 });
  }
}
