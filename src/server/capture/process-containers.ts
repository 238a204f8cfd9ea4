/**
 * The container of a process, from its control group (docs/behaviour/origin.md#socket-origin): for the state of a capture.
 *
 *   0::/kubepods.slice/…/cri-containerd-<64 hex digits>.scope   ─▶   the 64 digits
 *
 * Asked once for each process while it is captured; one that is gone by then has none.
 */
import { readFileSync } from 'node:fs';

const CONTAINER = /[0-9a-f]{64}|[0-9a-f]{32}-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){4}$/;

export function containerOf(
  pid: number,
  read: (path: string) => string = (path) => readFileSync(path, 'latin1'),
): string | undefined {
  let text: string;
  try {
    text = read(`/proc/${pid}/cgroup`);
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^[^:]*:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || (controllers !== '' && controllers !== 'memory')) continue;
    const last = path.slice(path.lastIndexOf('/') + 1);
    if (last.endsWith('.mount') || last.startsWith('crio-conmon-')) return undefined;
    return CONTAINER.exec(last)?.[0];
  }
  return undefined;
}
