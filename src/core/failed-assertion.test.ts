import { expect, it } from 'vitest';
import { makeShardMemory } from './core.ts';
import { failAssertion } from './failed-assertion.ts';

const MESSAGE = 64;
const FILE = 512;

function memoryWith(texts: Readonly<Record<number, string>>): WebAssembly.Memory {
  const memory = makeShardMemory();
  for (const [ptr, text] of Object.entries(texts)) {
    const bytes = Buffer.from(text, 'utf16le');
    new DataView(memory.buffer).setUint32(Number(ptr) - 4, bytes.length, true);
    new Uint8Array(memory.buffer).set(bytes, Number(ptr));
  }
  return memory;
}

it('says what does not hold, and where', () => {
  const memory = memoryWith({ [MESSAGE]: 'a slot – any – is taken', [FILE]: 'src/core/assembly/slots.ts' });
  expect(() => failAssertion(memory, MESSAGE, FILE, 12, 3)).toThrow(
    'core: does not hold: a slot – any – is taken (src/core/assembly/slots.ts:12:3)',
  );
});

it('has an error for an assertion without a message', () => {
  const memory = memoryWith({ [FILE]: 'slots.ts' });
  expect(() => failAssertion(memory, 0, FILE, 1, 1)).toThrow('an assertion without a message (slots.ts:1:1)');
});

it('reads nothing outside the memory', () => {
  const memory = makeShardMemory();
  const end = memory.buffer.byteLength;
  new DataView(memory.buffer).setUint32(end - 8, 1000, true);
  expect(() => failAssertion(memory, end - 4, end + 100, 1, 1)).toThrow(
    'an assertion without a message (undefined:1:1)',
  );
});
