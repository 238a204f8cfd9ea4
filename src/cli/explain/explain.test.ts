import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ExplainCommandOptions, explainCommand } from './explain-command.ts';

async function run(
  lines: string[],
  options: ExplainCommandOptions = {},
  {
    env = {},
    stdin = [] as string[],
    isTTY = false,
  }: { env?: Record<string, string>; stdin?: string[]; isTTY?: boolean } = {},
) {
  let printed = '';
  const stdout = {
    isTTY,
    write: (text: string) => {
      printed += text;
      return true;
    },
    on: () => undefined,
    once: () => undefined,
  };
  const stderr = { write: () => true };
  const surroundings = { stdin: chunks(stdin), stdout, stderr, env: { DD_HOSTNAME: 'web-1', ...env } };
  await explainCommand(lines, options, surroundings);
  return printed;
}

async function* chunks(texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const text = (...lines: string[]) => `${lines.join('\n')}\n`;

describe('whippet explain', () => {
  test('shows the way of a metric and where each tag came from', async () => {
    const env = {
      DD_DOGSTATSD_TAGS: 'team:data',
      DD_STATSD_METRIC_NAMESPACE: 'shop',
      DD_DOGSTATSD_MAPPER_PROFILES: JSON.stringify([
        {
          name: 'jobs',
          prefix: 'jobs.',
          mappings: [{ match: 'jobs.*.time', name: 'time', tags: { job: '$1' } }],
        },
      ]),
      DD_METRIC_TAG_FILTERLIST: '[{"metric_name":"shop.time","tags":["user"]}]',
    };
    expect(await run(['jobs.load.time:1.5:2|g|@0.5|#env:dev,user:7,host:db|z'], {}, { env })).toBe(
      text(
        'jobs.load.time:1.5:2|g|@0.5|#env:dev,user:7,host:db|z',
        '  metric     jobs.load.time  gauge  1.5 2  rate 0.5',
        '  note       a field that begins with "z" is unknown and ignored',
        '  mapper     profile "jobs", rule 1 "jobs.*.time"  $1=load',
        '             ─▶ time  job:load',
        '  tag        host:db sets the host and is removed',
        '  namespace  ─▶ shop.time',
        '  host       db (host: tag)',
        '  removed    user:7 (metric_tag_filterlist, shop.time)',
        '  context    shop.time  gauge',
        '             env:dev                          line',
        '             job:load                         mapper',
        '             team:data                        dogstatsd_tags',
        '  series     shop.time                        gauge',
        '  rate       0.5: not used by a gauge',
      ),
    );
  });
  test('puts a caret under the byte that is wrong', async () => {
    expect(await run(['naïve:x|c'])).toBe(
      text('naïve:x|c', '      ^', '  error      this is not a number (metric: value)'),
    );
  });
  test('says what filtered a line', async () => {
    const printed = await run(['a:1|c'], {}, { env: { DD_STATSD_METRIC_BLOCKLIST: 'a' } });
    expect(printed).toContain('  filter     dropped: a matches "a" of statsd_metric_blocklist\n');
  });
  test('shows events and checks', async () => {
    const lines = ['_e{1,2}:t|ab|t:bad|p:low|#z,a', '_sc|db.up|2|m:no answer|h:db'];
    expect(await run(lines)).toBe(
      text(
        '_e{1,2}:t|ab|t:bad|p:low|#z,a',
        '  event      "t"  "ab"  info  priority low',
        '  note       1 field has a bad value and no effect',
        '  host       web-1 (the server)',
        '  tags       a                                line',
        '             z                                line',
        '',
        '_sc|db.up|2|m:no answer|h:db',
        '  check      db.up  critical  "no answer"',
        '  host       db (h: field)',
      ),
    );
  });
  test('lets nothing from a line drive the terminal', async () => {
    expect(await run(['a\x1b[2J:1|c|#\x07'])).not.toMatch(/\p{Cc}(?<!\n)/u);
  });
  test('prints colours on a terminal, unless NO_COLOR is set', async () => {
    expect(await run(['a'], {}, { isTTY: true })).toContain('\x1b[31m^\x1b[39m');
    expect(await run(['a'], {}, { isTTY: true, env: { NO_COLOR: '1' } })).not.toContain('\x1b');
  });
  test('explains what the socket knows about the sender', async () => {
    const printed = await run(['a:1|c'], { source: 'uds', origin: 'container_id://x', pid: '7' });
    expect(printed).toContain('  origin     container_id://x, seen by the socket: not known\n');
  });
});

describe('whippet explain --json', () => {
  test('prints one document, a line of it for each message', async () => {
    const printed = await run(['a:1|c\nb', 'c:1|s'], { json: true });
    expect(printed.split('\n')).toHaveLength(6);
    const { messages, unterminated } = JSON.parse(printed);
    expect(unterminated).toBe(0);
    expect(messages).toMatchObject([
      {
        line: 'a:1|c',
        parsed: { kind: 'metric' },
        enriched: { kind: 'samples', samples: [{ host: 'web-1' }] },
      },
      { parsed: { kind: 'error', message_type: 'metric', error: 'format' }, at: 1 },
      { parsed: { set_value: '1' }, contexts: [{ name: 'c', type: 'set' }] },
    ]);
  });
  test('is a document also without a message', async () => {
    expect(JSON.parse(await run(['-'], { json: true }))).toEqual({ messages: [], unterminated: 0 });
  });
});

describe('lines', () => {
  test('come from standard input, however it is cut', async () => {
    const whole = await run(['-'], { json: true }, { stdin: ['a:1|c\nbc:2|g\r\n\nd:3|c'] });
    const split = await run(['-'], { json: true }, { stdin: [...'a:1|c\nbc:2|g\r\n\nd:3|c'] });
    expect(split).toBe(whole);
    expect(JSON.parse(whole).messages).toHaveLength(3);
  });
  test('that lack their newline are dropped where it is required', async () => {
    const env = { DD_DOGSTATSD_EOL_REQUIRED: 'udp' };
    const printed = await run(['-'], {}, { stdin: ['a:1|c\n', 'b:1|c'], env });
    expect(printed).toContain('1 last line is dropped: no newline at the end');
    expect(printed).not.toContain('b:1|c');
  });
  test('come from a file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'whippet-explain-'));
    try {
      const file = join(directory, 'lines');
      writeFileSync(file, 'a:1|c\nb:1|c');
      expect(JSON.parse(await run([], { file, json: true })).messages).toHaveLength(2);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  const rejects = (lines: string[], options: ExplainCommandOptions, message: string) =>
    test(`are refused: ${message}`, () => expect(run(lines, options)).rejects.toThrow(message));
  rejects([], {}, 'no lines; give some, - for standard input, or --file');
  rejects(['a'], { file: 'x' }, '--file and lines exclude each other');
  rejects(['a', '-'], {}, '- and lines exclude each other');
  rejects(['a'], { source: 'tcp' }, '--source is one of udp, uds, named_pipe; it is "tcp"');
  rejects(['a'], { pid: 'x' }, '--pid is a process id; it is "x"');
  rejects(['a'], { set: ['dogstatsd_mapper_cache_size=-1'] }, 'dogstatsd_mapper_cache_size is "-1"');
});
