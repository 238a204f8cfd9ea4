import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../config/config-error.ts';
import { SimulateInputError } from '../../inspect/simulate/simulate-timeline.ts';
import { type SimulateCommandOptions, simulateCommand } from './simulate-command.ts';

const directory = mkdtempSync(join(tmpdir(), 'whippet-simulate-'));
afterAll(() => rmSync(directory, { recursive: true }));

const pathOf = (name: string) => join(directory, name);
function fileOf(name: string, text: string): string {
  writeFileSync(pathOf(name), text);
  return pathOf(name);
}

async function run(file: string, options: SimulateCommandOptions = {}, { stdin = '', isTTY = false } = {}) {
  let printed = '';
  let warned = '';
  async function* chunks() {
    yield Buffer.from(stdin);
  }
  const exitCode = await simulateCommand(file, options, {
    stdin: chunks(),
    stdout: {
      isTTY,
      write: (text) => {
        printed += text;
      },
      on: () => undefined,
    },
    stderr: {
      write: (text) => {
        warned += text;
      },
    },
    env: { TERM: 'xterm' },
  });
  return { printed, warned, exitCode };
}

const LINES = `@1001 page.views:1|c|#env:dev
lat:320|ms
@1012 page.views:3|c|#env:dev
temp:21.5|g|#host:web-1
jobs:x|c
jobs:nan|c
_sc|db|0
hits:25|c|T900
@1033 size:5:1|d
`;

describe('whippet simulate', () => {
  test('prints a table for each flush, and what did not become series', async () => {
    const { printed, exitCode } = await run('-', { set: ['histogram_aggregates=max'] }, { stdin: LINES });
    expect(printed.split('\n')).toEqual([
      'flush 0 at 1010',
      '  lat.95percentile                  gauge         1000  320',
      '  lat.max                           gauge         1000  320',
      '  page.views                        rate          1000  0.1           env:dev',
      'flush 1 at 1020',
      '  page.views                        rate          1010  0.3           env:dev',
      '  temp                              gauge         1010  21.5          host web-1',
      'flush 2 at 1030',
      '  page.views                        rate          1020  0             env:dev',
      'flush 3 at 1040',
      '  page.views                        rate          1030  0             env:dev',
      '  size                              sketch        1030  count 2 min 1 max 5 sum 6 avg 3 bins 1338:1 1442:1',
      'passed through, with timestamps of their own',
      '  hits                              rate           900  2.5',
      '1 line rejected: jobs:x|c: this is not a number',
      'dropped samples, not finite: 1',
      'not aggregated: 1 service check',
      '',
    ]);
    expect(exitCode).toBe(0);
  });

  test('prints the same cold', async () => {
    const hot = await run('-', {}, { stdin: LINES });
    expect(await run('-', { cold: true }, { stdin: LINES })).toEqual(hot);
  });

  test('flushes and stops when told to', async () => {
    const { printed } = await run(
      '-',
      { flushAt: '1005,1011,1012', stopAt: '1013' },
      { stdin: '@1001 a:1|g\n@1012 a:2|g' },
    );
    expect(printed.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'flush 0: nothing',
      'flush 1 at 1011',
      ' a gauge 1000 1',
      'flush 2: nothing',
      'stop at 1013',
      ' a gauge 1010 2',
      '',
    ]);
  });

  test('flushes up to the stop when told only that', async () => {
    const { printed } = await run('-', { stopAt: '1035' }, { stdin: '@1001 a:1|g' });
    expect(printed).toContain('flushes 1 to 2: nothing\nstop at 1035\n  nothing\n');
  });

  test("prints JSON that is a case's expect", async () => {
    const { printed } = await run('-', { json: true }, { stdin: '@1001 a:1|g\na:2|g|#x' });
    expect(printed.split('\n')).toHaveLength(5);
    expect(JSON.parse(printed)).toMatchObject([
      { name: 'a', points: [[1000, 1]] },
      { name: 'a', tags: ['x'] },
    ]);
    expect((await run('-', { json: true })).printed).toBe('[]\n');
  });

  test('runs cases with their own configuration, under the flags', async () => {
    const cases = [
      { id: 'one', samples: [{ line: 'a:1|g', at: 1 }] },
      { id: 'two', config: { hostname: 'h2', dogstatsd_tags: ['x'] }, samples: [{ line: 'a:1|g', at: 1 }] },
    ];
    const file = fileOf('cases.json', JSON.stringify({ defaults: { hostname: 'h1' }, cases }));
    const config = fileOf('whippet.yaml', 'hostname: h0\nstatsd_metric_namespace: ns\n');
    const { printed } = await run(file, { json: true, config, set: ['dogstatsd_tags=y'] });
    expect(JSON.parse(printed)).toMatchObject({
      cases: [
        { id: 'one', expect: [{ name: 'ns.a', host: 'h1', tags: ['y'] }] },
        { id: 'two', expect: [{ name: 'ns.a', host: 'h2', tags: ['y'] }] },
      ],
    });
    expect((await run(file)).printed).toMatch(/^one\nflush 0 at 10\n.*\n\ntwo\nflush 0 at 10\n.*\n$/);
  });

  test('says when a file has no lines, and when there is no file', async () => {
    expect((await run(fileOf('empty.txt', '\n'))).warned).toMatch(/empty\.txt has no lines\n$/);
    await expect(run('/nowhere/lines.txt')).rejects.toThrow('/nowhere/lines.txt does not exist; give a file');
    await expect(run('/')).rejects.toThrow('/ is a directory');
  });

  test('warns once of what is odd in the configuration', async () => {
    const file = fileOf(
      'odd.json',
      JSON.stringify({ config: { dogstatsd_prot: 1 }, samples: [{ line: 'a:1|c', at: 1 }] }),
    );
    expect((await run(file)).warned).toMatch(/^whippet: warning: .*dogstatsd_prot.*\n$/);
  });

  test('lets nothing drive the terminal', async () => {
    const { printed } = await run('-', {}, { stdin: 'a\x1b[2J:1|g|#\x07,host:\x1b' });
    expect(printed).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect((await run('-', {}, { stdin: 'a:1|g', isTTY: true })).printed).toContain('\x1b[1mflush 0');
  });
});

describe('--golden', () => {
  test('is written by --update and agrees afterwards', async () => {
    const lines = fileOf('lines', LINES);
    const golden = pathOf('golden.json');
    expect(await run(lines, { golden, update: true })).toMatchObject({
      printed: `wrote ${golden}: 12 series\n`,
      exitCode: 0,
    });
    expect(await run(lines, { golden, cold: true })).toMatchObject({
      printed: `as in ${golden}: 12 series\n`,
      exitCode: 0,
    });
    expect(readFileSync(golden, 'utf8')).toBe((await run(lines, { json: true })).printed);
    expect(await run(lines, { golden, update: true })).toMatchObject({ exitCode: 0 });
  });

  test('shows what differs', async () => {
    const golden = pathOf('differs.json');
    await run('-', { golden, update: true }, { stdin: '@1 a:1|c\nb:1|g\nold:1|g|#x' });
    const { printed, exitCode } = await run('-', { golden }, { stdin: '@1 a:2|c\nb:1|g\nnew:1|s' });
    expect(exitCode).toBe(1);
    expect(printed.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
      'flush 0: different',
      '- a rate 0 0.1',
      '+ a rate 0 0.2',
      'flush 0: missing',
      '- old gauge 0 1 x',
      'flush 0: unexpected',
      '+ new gauge 0 1',
      '',
    ]);
  });

  test('shows a difference far out in a sketch, and in how often a point comes', async () => {
    const differences = async (want: string, got: string) => {
      await run('-', { golden: pathOf('far.json'), update: true }, { stdin: want });
      return (await run('-', { golden: pathOf('far.json') }, { stdin: got })).printed;
    };
    const values = Array.from({ length: 40 }, (_, i) => 2 ** i);
    const [, removed, added] = (
      await differences(`a:${values.join(':')}:4|d`, `a:${values.join(':')}:5|d`)
    ).split('\n');
    expect(removed).not.toBe(added);
    const twice = '@1 a:1|g|T5';
    expect(await differences(twice, `${twice}\n${twice}`)).toMatch(/^passed through: unexpected\n\+ a .*\n$/);
  });

  test('of several cases is compared case by case, and the cases are golden themselves', async () => {
    const one = { id: 'one', samples: [{ line: 'a:1|g', at: 1 }] };
    const series = JSON.parse((await run(fileOf('one.json', JSON.stringify(one)), { json: true })).printed);
    const file = fileOf('self.json', JSON.stringify({ cases: [{ ...one, expect: series }] }));
    expect(await run(file, { golden: file })).toMatchObject({
      printed: `as in ${file}: 1 series\n`,
      exitCode: 0,
    });
    const other = fileOf('other.json', JSON.stringify({ cases: [{ id: 'two', expect: [] }] }));
    expect(await run(file, { golden: other })).toMatchObject({
      printed: `one\nnot in ${other}\n\ntwo\nonly in ${other}\n`,
      exitCode: 1,
    });
  });

  const rejects = (options: SimulateCommandOptions, message: string, file = '-') =>
    test(`is refused: ${message}`, async () => {
      await expect(run(file, options)).rejects.toThrow(SimulateInputError);
      await expect(run(file, options)).rejects.toThrow(message);
    });
  rejects({ update: true }, '--update needs --golden');
  rejects({ golden: 'x', json: true }, '--json and --golden exclude each other');
  rejects({ golden: pathOf('none') }, `${pathOf('none')} does not exist; --update makes it`);
  rejects(
    { golden: fileOf('text', 'a:1|c'), update: true },
    'is no stored result; --update does not write over it',
  );
  rejects(
    { golden: fileOf('kept.json', '{"cases":[{"id":"x","samples":[],"expect":[]}]}'), update: true },
    'is no stored result; --update does not write over it',
  );
  rejects({ golden: fileOf('bad.json', '{') }, 'the golden file is no JSON');
  rejects({ golden: fileOf('list.json', '[1]') }, 'the golden file holds something that is no series');
  rejects({ golden: fileOf('map.json', '{}') }, 'the golden file is no stored result');
  rejects(
    { golden: fileOf('half.json', '{"cases":[{"id":"x"}]}') },
    'cases[0] of the golden file has no id or no expect',
  );
  rejects({ flushAt: '10,x' }, '--flush-at is a time in seconds, such as 1010; it is "10,x"');
  test('is not looked at when the configuration is wrong', () =>
    expect(run('-', { set: ['bucket_seconds=x'] })).rejects.toThrow(ConfigError));
});
