/**
 * Which rule of the configuration is for a metric: the first whose pattern and types fit (docs/rules.md).
 *
 * A `*` of a wildcard stops at a dot; a regex has to match the whole name.
 */
export interface Rule {
  readonly match: string;
  readonly match_type?: 'wildcard' | 'regex';
  readonly types?: readonly string[];
  readonly [key: string]: unknown;
}

export function ruleFor(
  rules: readonly Rule[],
  name: string,
  types: readonly string[],
): { rule: Rule; number: number } | undefined {
  for (const [at, rule] of rules.entries()) {
    const fitsType =
      rule.types === undefined ||
      rule.types.length === 0 ||
      rule.types.some((one) => types.includes(typeOf(one)));
    if (fitsType && fitsName(rule, name)) return { rule, number: at + 1 };
  }
  return undefined;
}

/** The rule as it stands in a configuration file. */
export function ruleText(rule: Rule): string {
  return Object.entries(rule)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${key}: ${yaml(value)}`)
    .join('\n');
}

function fitsName({ match, match_type: kind = 'wildcard' }: Rule, name: string): boolean {
  const pattern = kind === 'regex' ? match : match.split('*').map(escapeRegex).join('[^.]*');
  try {
    return new RegExp(`^(?:${pattern})$`).test(name);
  } catch {
    // The server's expressions know a little more than the browser's.
    return false;
  }
}

/** Rules call a counter `count`. */
function typeOf(text: string): string {
  return text === 'count' ? 'counter' : text;
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function yaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`;
  if (typeof value === 'string') return /^[\w.-]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
