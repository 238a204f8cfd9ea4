/**
 * Bytes of all array buffers that can be reached from a value: through fields, arrays, maps and sets. Members that are
 * `private` in TypeScript are ordinary fields, so nothing a table holds is overlooked; `#` members could not be seen.
 */
export function bufferBytes(root: unknown): number {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [root];
  let bytes = 0;
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof ArrayBuffer) bytes += value.byteLength;
    else if (ArrayBuffer.isView(value)) waiting.push(value.buffer);
    else if (value instanceof Map) waiting.push(...spread([...value.keys(), ...value.values()]));
    else if (value instanceof Set) waiting.push(...spread([...value]));
    else waiting.push(...spread(Object.values(value)));
  }
  return bytes;
}

/** Only what may lead to a buffer, so that large tables of numbers and texts stay cheap. */
function spread(values: readonly unknown[]): unknown[] {
  return values.filter((value) => typeof value === 'object' && value !== null);
}
