/**
 * Arguments of `whippet send` to lines of the protocol (docs/protocol.md).
 *
 *   --count page.views 1 --tag env:dev     page.views:1|c|#env:dev
 *   event Deployed "v42 is out"            _e{8,10}:Deployed|v42 is out
 *   check db.up ok                         _sc|db.up|0
 *
 * Lines given as they are stay as they are, right or wrong: sending bad lines is a use of the command.
 */

/** The command was called wrongly; the message says how. */
export class SendUsageError extends Error {}

export interface TagOptions {
  readonly tag?: readonly string[];
  readonly timestamp?: string;
}

/** Name and values for one of the types, and what else a metric can have. */
export interface MetricOptions extends TagOptions {
  readonly count?: readonly string[];
  readonly gauge?: readonly string[];
  readonly histogram?: readonly string[];
  readonly timing?: readonly string[];
  readonly distribution?: readonly string[];
  readonly set?: readonly string[];
  readonly sampleRate?: string;
}

export interface EventOptions extends TagOptions {
  readonly alertType?: string;
  readonly priority?: string;
  readonly aggregationKey?: string;
  readonly sourceType?: string;
  readonly hostname?: string;
}

export interface CheckOptions extends TagOptions {
  readonly message?: string;
  readonly hostname?: string;
}

const METRIC_TYPES = {
  count: 'c',
  gauge: 'g',
  histogram: 'h',
  timing: 'ms',
  distribution: 'd',
  set: 's',
} as const;

const ALERT_TYPES = ['error', 'warning', 'info', 'success'];
const PRIORITIES = ['normal', 'low'];
const STATUSES = ['ok', 'warning', 'critical', 'unknown'];

/** `words` are lines as they are, or further values of the metric that `options` name. */
export function metricLines(words: readonly string[], options: MetricOptions): readonly string[] {
  const kinds = (Object.keys(METRIC_TYPES) as (keyof typeof METRIC_TYPES)[]).filter(
    (kind) => options[kind] !== undefined,
  );
  const [kind, another] = kinds;
  if (kind === undefined) {
    if (words.length === 0) throw new SendUsageError('nothing to send; see whippet send --help');
    if (options.tag || options.sampleRate || options.timestamp) {
      throw new SendUsageError('--tag, --sample-rate and --timestamp belong to a type such as --count');
    }
    return words;
  }
  if (another !== undefined) throw new SendUsageError(`--${kind} and --${another} exclude each other`);
  const [given = '', ...values] = [...(options[kind] ?? []), ...words];
  const name = plainText(given, 'the name', ':');
  if (values.length === 0) throw new SendUsageError(`--${kind} ${name} needs a value`);
  const tail = joinFields([
    ['@', numberText(options.sampleRate, '--sample-rate')],
    ['T', wholeText(options.timestamp)],
    ['#', tagText(options.tag)],
  ]);
  // A set element is text and may contain colons, so several elements are several lines.
  if (kind === 'set') return values.map((value) => `${name}:${plainText(value, 'the element')}|s${tail}`);
  return [
    `${name}:${values.map((value) => numberText(value, 'the value')).join(':')}|${METRIC_TYPES[kind]}${tail}`,
  ];
}

// _e{8,10}:Deployed|v42 is out|d:1700000000|h:web-1|k:deploy|p:low|s:ci|t:success|#env:dev
//    ^ ^^            byte lengths of title and text, a line break being the two bytes \n
export function eventLine(title: string, text: string, options: EventOptions): string {
  if (title === '') throw new SendUsageError('an event needs a title');
  const titleText = escapeLineBreaks(title);
  const bodyText = escapeLineBreaks(text);
  const tail = joinFields([
    ['d:', wholeText(options.timestamp)],
    ['h:', optionalText(options.hostname, '--hostname')],
    ['k:', optionalText(options.aggregationKey, '--aggregation-key')],
    ['p:', oneOf(options.priority, PRIORITIES, '--priority')],
    ['s:', optionalText(options.sourceType, '--source-type')],
    ['t:', oneOf(options.alertType, ALERT_TYPES, '--alert-type')],
    ['#', tagText(options.tag)],
  ]);
  return `_e{${Buffer.byteLength(titleText)},${Buffer.byteLength(bodyText)}}:${titleText}|${bodyText}${tail}`;
}

// _sc|db.up|0|d:1700000000|h:web-1|#env:dev|m:all good
export function checkLine(name: string, status: string, options: CheckOptions): string {
  const number = STATUSES.indexOf(status) >= 0 ? STATUSES.indexOf(status) : Number(status);
  if (!/^[0-3]$/.test(String(number)) || status === '') {
    throw new SendUsageError(`the status is 0 to 3, or ${STATUSES.join(', ')}; it is "${status}"`);
  }
  const { message } = options;
  const tail = joinFields([
    ['d:', wholeText(options.timestamp)],
    ['h:', optionalText(options.hostname, '--hostname')],
    ['#', tagText(options.tag)],
    ['m:', message === undefined ? undefined : plainText(escapeLineBreaks(message), '--message')],
  ]);
  return `_sc|${plainText(name, 'the name')}|${number}${tail}`;
}

function joinFields(fields: readonly (readonly [prefix: string, text: string | undefined])[]): string {
  return fields.map(([prefix, text]) => (text === undefined ? '' : `|${prefix}${text}`)).join('');
}

function tagText(tags: readonly string[] | undefined): string | undefined {
  return tags?.map((tag) => plainText(tag, '--tag')).join(',');
}

function optionalText(text: string | undefined, what: string): string | undefined {
  return text === undefined ? undefined : plainText(text, what);
}

/** Text that cannot be taken for the end of its field or line, which the protocol has no way to quote. */
function plainText(text: string, what: string, alsoForbidden = ''): string {
  const bad = [...`|\n${alsoForbidden}`].find((character) => text.includes(character));
  if (bad !== undefined) throw new SendUsageError(`${what} cannot contain ${JSON.stringify(bad)}`);
  if (text === '') throw new SendUsageError(`${what} is empty`);
  return text;
}

function escapeLineBreaks(text: string): string {
  return text.replaceAll('\n', '\\n');
}

function oneOf(text: string | undefined, words: readonly string[], what: string): string | undefined {
  if (text === undefined || words.includes(text)) return text;
  throw new SendUsageError(`${what} is one of ${words.join(', ')}; it is "${text}"`);
}

function numberText<T extends string | undefined>(text: T, what: string): T {
  if (text === undefined || (text.trim() !== '' && Number.isFinite(Number(text)))) return text;
  throw new SendUsageError(`${what} is a number; it is "${text}"`);
}

function wholeText(text: string | undefined): string | undefined {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text;
  throw new SendUsageError(`--timestamp is a Unix time in whole seconds; it is "${text}"`);
}
