/** Patterns and templates of names, from the way others write them to ours. */

/** A regular expression that may match anywhere, as one for our mapper, which puts it between ^ and $. */
export function anchoredRegex(regex: string): string {
  const fromStart = regex.startsWith('^');
  const toEnd = /(?:^|[^\\])(?:\\\\)*\$$/.test(regex);
  const body = regex.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  if (fromStart && toEnd && !body.includes('|')) return body;
  return `${fromStart ? '' : '.*?'}(?:${body})${toEnd ? '' : '.*'}`;
}

/** `$1_x` means group 1 and `_x` in globs of statsd_exporter; our mapper would look for a group `1_x`. */
export function globReferences(template: string): string {
  return template.replace(/\$\{?(\d+)\}?/g, (_, group: string) => `\${${group}}`);
}

/** What a rule has to match to be for all names that a template makes. */
export function ruleMatchOf(template: string): { match: string; match_type?: 'regex' } {
  const reference = /\$\{[^}]*\}|\$\w+/g;
  const pieces = template.split(reference);
  const wildcard = pieces.join('*');
  if (/^[A-Za-z0-9_.*-]+$/.test(wildcard) && !wildcard.includes('**')) return { match: wildcard };
  return { match: pieces.map(escapeRegex).join('.*'), match_type: 'regex' };
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
