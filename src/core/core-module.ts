/** The compiled core, read from the package once a process. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The same place from dist/core, where it runs, and from src/core, where tests run it. */
const CORE_FILE = new URL('../../dist/core/core.wasm', import.meta.url);

let loaded: WebAssembly.Module | undefined;

/** Throws an error with the `code` of the failed read when the package is not built. */
export function loadCoreModule(): WebAssembly.Module {
  loaded ??= new WebAssembly.Module(readCore());
  return loaded;
}

function readCore(): Buffer<ArrayBuffer> {
  try {
    return readFileSync(CORE_FILE);
  } catch (cause) {
    const message = `${fileURLToPath(CORE_FILE)} cannot be read; "npm run build" makes it`;
    throw Object.assign(new Error(message, { cause }), { code: (cause as NodeJS.ErrnoException).code });
  }
}
