/**
 * How much memory is in use, as a share of what there may be: of the server's own cgroup where that has a
 * limit, else of the machine.
 *
 *   proc/self/cgroup ─▶ own cgroup ─no limit─▶ its parent ─▶ … ─▶ the machine        findMemorySource(), once
 *   used / limit ◀─ files that stay open, read from their start                      MemoryUsage, at every check
 *
 *   cgroup v1   sys/fs/cgroup/memory/PATH/   memory.usage_in_bytes   memory.limit_in_bytes   memory.stat
 *   cgroup v2   sys/fs/cgroup/PATH/          memory.current          memory.max              memory.stat
 *   machine     proc/meminfo                 MemTotal - MemAvailable of MemTotal; elsewhere what Node says
 *
 * Thread   found by the control thread, read by each listener thread with descriptors of its own. A reading is
 *          three system calls and no opening: 10 to 20 µs.
 * Used     is what the cgroup is charged, without its inactive file cache: that is what the kernel takes back
 *          first, and a server that writes files fills any limit with it in time. Kubernetes counts the same.
 * Failure  a file that cannot be read, or a limit of 0, makes the ratio NaN. Nothing throws.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { cgroupsOf, readText } from '../../lib/cgroups.ts';

/** memory.stat and meminfo have about 2 KiB. */
const FILE_BYTES_MAX = 16 * 1024;
/** A number of bytes with the spaces before it. */
const NUMBER_BYTES = 32;
/** cgroup v1 writes "no limit" as the largest multiple of a page; no machine has this much. */
const NO_LIMIT_BYTES = 2 ** 60;

/** Where a reading comes from; can be handed to a thread. */
export type MemorySource =
  | {
      readonly kind: 'cgroup v1' | 'cgroup v2';
      readonly usage: string;
      readonly limit: string;
      readonly stat: string;
    }
  | { readonly kind: 'host'; readonly meminfo: string }
  | { readonly kind: 'system' };

const VERSIONS = {
  'cgroup v1': {
    root: 'sys/fs/cgroup/memory',
    usage: 'memory.usage_in_bytes',
    limit: 'memory.limit_in_bytes',
    cache: '\ntotal_inactive_file ',
  },
  'cgroup v2': {
    root: 'sys/fs/cgroup',
    usage: 'memory.current',
    limit: 'memory.max',
    cache: '\ninactive_file ',
  },
} as const;

/** Finds what to measure. `systemRoot` is where `proc` and `sys` are, `/` but in tests. */
export function findMemorySource(systemRoot: string): MemorySource {
  for (const { version, path } of cgroupsOf(systemRoot, 'memory')) {
    const { root, usage, limit } = VERSIONS[version];
    const at = (file: string): string => join(systemRoot, root, path, file);
    const source = { kind: version, usage: at(usage), limit: at(limit), stat: at('memory.stat') } as const;
    if (isLimited(source)) return source;
  }
  const meminfo = join(systemRoot, 'proc/meminfo');
  return readText(meminfo).includes('MemAvailable:') ? { kind: 'host', meminfo } : { kind: 'system' };
}

/** Reads one source again and again. */
export class MemoryUsage {
  readonly source: MemorySource;
  private readonly buffer = Buffer.alloc(FILE_BYTES_MAX);
  private readonly files = new Map<string, number>();

  constructor(source: MemorySource) {
    this.source = source;
  }

  /** Used memory over the limit; NaN when it cannot be told. */
  ratio(): number {
    const { used, limit } = this.read();
    return limit > 0 ? used / limit : Number.NaN;
  }

  /** Bytes in use, and bytes there may be. */
  read(): { readonly used: number; readonly limit: number } {
    const { source } = this;
    switch (source.kind) {
      case 'system':
        return { used: totalmem() - freemem(), limit: totalmem() };
      case 'host': {
        const length = this.load(source.meminfo);
        const total = this.numberAfter('MemTotal:', length) * 1024;
        return { used: total - this.numberAfter('\nMemAvailable:', length) * 1024, limit: total };
      }
      default: {
        const limit = parseBytes(this.text(source.limit));
        const charged = parseBytes(this.text(source.usage));
        const cache = this.numberAfter(VERSIONS[source.kind].cache, this.load(source.stat));
        return { used: Number.isNaN(cache) ? charged : Math.max(charged - cache, 0), limit };
      }
    }
  }

  close(): void {
    for (const fd of this.files.values()) closeSync(fd);
    this.files.clear();
  }

  private text(path: string): string {
    return this.buffer.toString('latin1', 0, this.load(path));
  }

  /** The number behind `key` in the first `length` bytes of the buffer; NaN when there is none. */
  private numberAfter(key: string, length: number): number {
    const at = this.buffer.indexOf(key, 0, 'latin1');
    if (at < 0 || at >= length) return Number.NaN;
    return Number.parseInt(
      this.buffer.toString('latin1', at + key.length, Math.min(at + key.length + NUMBER_BYTES, length)),
      10,
    );
  }

  /** Reads a file from its start into the buffer; the number of bytes, 0 when it cannot be read. */
  private load(path: string): number {
    try {
      let fd = this.files.get(path);
      if (fd === undefined) {
        fd = openSync(path, 'r');
        this.files.set(path, fd);
      }
      return readSync(fd, this.buffer, 0, FILE_BYTES_MAX, 0);
    } catch {
      return 0;
    }
  }
}

function isLimited({ usage, limit }: { usage: string; limit: string }): boolean {
  const bytes = parseBytes(readText(limit));
  return bytes > 0 && bytes < NO_LIMIT_BYTES && !Number.isNaN(parseBytes(readText(usage)));
}

/** `max` is no limit. */
function parseBytes(text: string): number {
  return text.startsWith('max') ? Number.POSITIVE_INFINITY : Number.parseInt(text, 10);
}
