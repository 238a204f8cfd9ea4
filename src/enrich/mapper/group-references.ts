/**
 * References to captured groups in mapper names and tag values (docs/mapper.md#references-to-groups).
 *
 *   airflow.$2.${1}_x      literal "airflow.", group 2, literal ".", group 1, literal "_x"
 *
 *   $1_x    the group called "1_x", because without braces a reference takes the longest run of letters,
 *           digits and underscores; there is no such group, so it gives nothing
 *   $$      a dollar sign
 *   $-, ${, ${}, final $     no reference: the text itself
 *
 * A template is read once, when the configuration is; expanding it is joining strings.
 */
import { type ByteString, toByteString } from '../../model/text.ts';

/** Literal text, or the number of a group that exists. */
export type Template = readonly (ByteString | number)[];

const NAME = /[\p{L}\p{Nd}_]+/uy;
const NUMBER = /^(?:0|[1-9][0-9]{0,8})$/;

/** Reads `text`, given how many groups the pattern has and the numbers of those with names. */
export function compileTemplate(
  text: string,
  groupCount: number,
  namedGroups: Readonly<Record<string, number>>,
): Template {
  const parts: (ByteString | number)[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) break;
    literal += text.slice(at, dollar);
    if (text.startsWith('$$', dollar)) {
      literal += '$';
      at = dollar + 2;
      continue;
    }
    const reference = readReference(text, dollar + 1);
    if (reference === undefined) {
      literal += '$';
      at = dollar + 1;
      continue;
    }
    at = reference.end;
    const group = groupNumber(reference.name, groupCount, namedGroups);
    if (group === undefined) continue;
    if (literal !== '') parts.push(toByteString(literal));
    parts.push(group);
    literal = '';
  }
  literal += text.slice(at);
  if (literal !== '') parts.push(toByteString(literal));
  return parts;
}

/** Joins the parts; `groupText` gives a group's text, empty when the group took no part in the match. */
export function expandTemplate(template: Template, groupText: (group: number) => ByteString): ByteString {
  let text = '';
  for (const part of template) text += typeof part === 'number' ? groupText(part) : part;
  return text;
}

/** Reads the reference after a dollar sign at `start`: `name` or `{name}`. */
function readReference(text: string, start: number): { name: string; end: number } | undefined {
  const braced = text.startsWith('{', start);
  NAME.lastIndex = braced ? start + 1 : start;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  const end = NAME.lastIndex;
  if (!braced) return { name, end };
  return text.startsWith('}', end) ? { name, end: end + 1 } : undefined;
}

/** Resolves a reference; undefined for a group the pattern does not have. A leading zero makes a number a name. */
function groupNumber(
  name: string,
  groupCount: number,
  namedGroups: Readonly<Record<string, number>>,
): number | undefined {
  if (!NUMBER.test(name)) return Object.hasOwn(namedGroups, name) ? namedGroups[name] : undefined;
  const number = Number(name);
  return number <= groupCount ? number : undefined;
}
