/**
 * Ends the process at once, with an exit code, whatever its threads wait for.
 *
 * process.exit() joins the threads of Node's pool. One that waits in the kernel, for a disk that hangs, a name server that is
 * silent or the other end of a pipe, would keep the process for as long. _exit(2) waits for nobody. Standard output and
 * standard error are written synchronously, so nothing of them is lost.
 *
 * Where  wherever koffi can be loaded, but not on Windows; elsewhere process.exit() has to do.
 */
import { createRequire } from 'node:module';

export function endProcess(code: number): never {
  const end = findExit();
  process.exitCode = code;
  if (end !== undefined) {
    process.emit('exit', code);
    end(code);
  }
  process.exit(code);
}

function findExit(): ((code: number) => void) | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    return koffi.load(null).func('_exit', 'void', ['int']) as (code: number) => void;
  } catch {
    return undefined;
  }
}
