/** Which processor a thread runs on: for measurements in which threads must not take one from another. */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

/** Bytes of a cpu_set_t: 1,024 processors. */
const SET_BYTES = 128;

let setAffinity: ((thread: number, bytes: number, set: Uint8Array) => number) | undefined;

/** Lets a thread, by its number, run on processor `cpu` alone; those it starts from now on do too. Linux: sched_setaffinity(2). */
export function pin(thread: number, cpu: number): void {
  setAffinity ??= koffi.load(null).func('sched_setaffinity', 'int', ['int', 'size_t', 'void *']);
  const set = new Uint8Array(SET_BYTES);
  set[cpu >> 3] = 1 << (cpu & 7);
  if (setAffinity(thread, SET_BYTES, set) !== 0)
    throw new Error(`thread ${thread} cannot be bound to processor ${cpu}`);
}

/** Numbers of the processors that this process may use. */
export function ownCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
