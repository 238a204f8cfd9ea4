/**
 * The one rule for what surrounds a text: keys, sites, endpoints, hosts, paths, words of a list.
 *
 *   ' datadoghq.eu⏎'   blanks around it are no part of it, and go
 *   '"datadoghq.eu"'   quotes around it are refused with the reason: a shell or YAML would have taken them off, so they
 *                      were written one time too many, as in `DD_SITE='"datadoghq.eu"'` or an env file of Docker
 *
 * A reason is an issue of the schema that explains itself; `explainIssues` of load.ts shows it in place of what is allowed.
 */
import type { z } from 'zod';

const QUOTES = '"\'`“”‘’';

/** YAML reads `hostname: 42` as a number; as text it is what was written. */
export function readText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

/** Text without the blanks around it; any other value as it is. */
export function readPlainText(value: unknown): unknown {
  const text = readText(value);
  return typeof text === 'string' ? text.trim() : text;
}

/** Whether a quote stands at either end. */
export function isQuoted(text: string): boolean {
  return text !== '' && (QUOTES.includes(text.charAt(0)) || QUOTES.includes(text.charAt(text.length - 1)));
}

/** A refinement that refuses quotes around the text. */
export function refuseQuotes(text: string, context: z.core.$RefinementCtx<unknown>): void {
  if (isQuoted(text)) addReason(context, 'the quotes around it are part of the value; write it without them');
}

/** Refuses the value, and says why. */
export function addReason(context: z.core.$RefinementCtx<unknown>, reason: string): void {
  context.addIssue({ code: 'custom', message: reason, params: { reason: true } });
}

/** The reason an issue gives; undefined when it gives none. */
export function reasonOf(issue: z.core.$ZodIssue): string | undefined {
  return issue.code === 'custom' && issue.params?.reason === true ? issue.message : undefined;
}
