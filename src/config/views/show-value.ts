/** Values of keys as people see them, in errors and in `whippet config`. */
import { inspect } from 'node:util';

/** A value that may be anything, on one line and not too long. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return inspect(value, {
    depth: 2,
    breakLength: Infinity,
    compact: true,
    maxArrayLength: 5,
    maxStringLength: 80,
  });
}

/** A valid value as a person would write it: lists separated by spaces, lists of maps as JSON, nothing as `''`. */
export function showSetting(value: unknown): string {
  if (Array.isArray(value) && typeof value[0] === 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : value.map(showSetting).join(' ');
  if (typeof value === 'string') return /^[^\s'"]+$/.test(value) ? value : `'${value}'`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
