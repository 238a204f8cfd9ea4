/**
 * What a failed assertion of the core's debug build says, as an error. A release traps without calling this.
 *
 *   assert(slot < slotCount, 'a slot …')  ─▶  abort(message, file, line, column)  ─▶  Error, thrown through the core
 *
 * Memory  message and file are strings of AssemblyScript: UTF-16, with their length in bytes in the word before them.
 */
const LENGTH_OFFSET = 4;
const STRING_BYTES_MAX = 1024;

export function failAssertion(
  memory: WebAssembly.Memory,
  message: number,
  file: number,
  line: number,
  column: number,
): never {
  const what = readString(memory, message) ?? 'an assertion without a message';
  throw new Error(`core: does not hold: ${what} (${readString(memory, file)}:${line}:${column})`);
}

function readString({ buffer }: WebAssembly.Memory, ptr: number): string | undefined {
  if (ptr < LENGTH_OFFSET || ptr > buffer.byteLength) return undefined;
  const length = new DataView(buffer).getUint32(ptr - LENGTH_OFFSET, true);
  if (length > STRING_BYTES_MAX || ptr + length > buffer.byteLength) return undefined;
  // A copy: shared memory cannot be decoded in place.
  return Buffer.from(new Uint8Array(buffer, ptr, length)).toString('utf16le');
}
