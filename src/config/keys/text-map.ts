/** The kind of key that maps names to texts, as YAML or, in a variable, as a JSON object. */
import { z } from 'zod';
import { type KeyText, keyDocumentation } from './key-documentation.ts';
import { readPlainText } from './plain-text.ts';

/** `allowed` completes "must be …". */
export function textMap(allowed: string, documentation: KeyText) {
  return z
    .preprocess(readMap, z.record(z.string(), z.preprocess(readPlainText, z.string().min(1))))
    .default({})
    .readonly()
    .register(keyDocumentation, { ...documentation, type: 'map of text', allowed });
}

/** A map, or the JSON of one, as a variable has it; nothing is an empty map. What is no JSON stays as it is, to be refused. */
export function readMap(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return {};
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
