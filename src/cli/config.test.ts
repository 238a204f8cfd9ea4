import { describe, expect, test } from 'vitest';
import { CONFIG_KEYS } from '../config/schema.ts';
import { type ConfigCommandOptions, configCommand } from './config.ts';

async function run(options: ConfigCommandOptions, env: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  };
  await configCommand(options, streams, env);
  return written;
}

describe('whippet config', () => {
  test('prints an aligned row for each key', async () => {
    const { stdout, stderr } = await run({ httpPort: '0' }, { DD_DOGSTATSD_PORT: '9125' });
    const lines = stdout.split('\n');
    const width = Math.max(...CONFIG_KEYS.map(({ path }) => path.length));
    const row = (key: string, value: string, source: string): string =>
      `${key.padEnd(width)}  ${value.padEnd(32)}  ${source}`;
    expect(lines[0]).toBe(row('dogstatsd_port', '9125', 'env DD_DOGSTATSD_PORT'));
    expect(lines).toContain(row('dogstatsd_socket', "''", 'default'));
    expect(lines).toContain(row('histogram_aggregates', 'max median avg count', 'default'));
    expect(lines).toContain(row('http.port', '0', 'flag --http-port'));
    expect(stderr).toBe('');
  });
  test('shows no secret, in the table, in JSON or in an error', async () => {
    const env = {
      DD_API_KEY: '0123456789abcdef0123456789abcdef',
      DD_ADDITIONAL_ENDPOINTS: '{"https://app.datadoghq.eu": ["fedcba9876543210fedcba9876543210"]}',
      DD_PROXY_HTTPS: 'http://user:hunter2@proxy:3128',
    };
    const table = await run({}, env);
    const json = await run({ json: true }, env);
    const wrong = await run({}, { ...env, DD_API_KEY: 'sp ace 0123456789abcdef' }).catch(String);
    for (const text of [table.stdout, json.stdout, String(wrong)]) {
      expect(text).not.toMatch(/0123456789|9876543210|hunter2/);
    }
    expect(table.stdout).toContain('***************************bcdef');
    expect(table.stdout).toContain('{"https://app.datadoghq.eu":["***************************43210"]}');
    expect(table.stdout).toContain('http://user:***@proxy:3128');
    expect(String(wrong)).toContain('api_key is "******************bcdef" (env DD_API_KEY)');
  });
  test('says what a choice of the machine comes to', async () => {
    const { stdout } = await run({});
    expect(stdout).toMatch(
      /\ndogstatsd_workers_count +0 +default; here [1-4] for UDP, 1 for Unix datagrams\n/,
    );
    const json = JSON.parse((await run({ json: true })).stdout) as Record<string, { chosen?: string }>;
    expect(json.dogstatsd_workers_count?.chosen).toMatch(/^[1-4] for UDP, 1 for Unix datagrams$/);
    const told = await run({ set: ['dogstatsd_workers_count=3'] });
    expect(told.stdout).toMatch(/\ndogstatsd_workers_count +3 +flag --set\n/);
  });
  test('cuts very long values', async () => {
    const { stdout } = await run({});
    expect(stdout).toMatch(/\nstatsd_metric_namespace_blacklist +datadog\.agent .{80,90}… {2}default\n/);
  });
  test('prints JSON with --json', async () => {
    const { stdout } = await run({ json: true, set: ['dogstatsd_tags=a b'] });
    expect(JSON.parse(stdout)).toMatchObject({
      dogstatsd_port: { value: 8125, source: 'default' },
      dogstatsd_tags: { value: ['a', 'b'], source: 'flag --set' },
      'http.port': { value: 8127, source: 'default' },
    });
  });
  test('prints ok with --check, and warnings on stderr', async () => {
    expect(await run({ check: true }, { DD_DOGSTATSD_STATS_ENABLE: 'true' })).toEqual({
      stdout: 'ok\n',
      stderr: 'whippet: warning: not used by this version: DD_DOGSTATSD_STATS_ENABLE\n',
    });
  });
  test('fails with the problems with --check', async () => {
    await expect(run({ check: true, port: 'x' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID_VALUE',
      message: 'dogstatsd_port is "x" (flag --port); allowed: an integer from -1 to 65535, or __random__',
    });
  });
  test('refuses mapper rules that do not compile, and says which and why', async () => {
    const profiles = JSON.stringify([{ name: 'p', prefix: 'a.', mappings: [{ match: 'a.**', name: 'x' }] }]);
    await expect(run({}, { DD_DOGSTATSD_MAPPER_PROFILES: profiles })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID_VALUE',
      reason: 'consecutive_wildcards',
      message:
        'dogstatsd_mapper_profiles (env DD_DOGSTATSD_MAPPER_PROFILES): ' +
        'mapper profile 1 "p", rule 1 "a.**" must not hold two * in a row',
    });
  });
  test('runs the examples of mapper rules with --check only', async () => {
    const tests = [{ match: 'a.b', name: 'x' }, { match: 'a.c', name: 'y' }, { match: 'b' }];
    const mappings = [{ match: 'a.*', name: 'x', tests }];
    const env = { DD_DOGSTATSD_MAPPER_PROFILES: JSON.stringify([{ name: 'p', prefix: 'a.', mappings }]) };
    const where =
      'dogstatsd_mapper_profiles (env DD_DOGSTATSD_MAPPER_PROFILES): mapper profile "p", rule 1 "a.*"';
    await expect(run({ check: true }, env)).rejects.toMatchObject({
      code: 'ERR_CONFIG_EXAMPLE_FAILED',
      message: `${where}: "a.c" becomes "x", not "y"\n${where}: "b" is not mapped`,
    });
    expect((await run({}, env)).stdout).toContain('[{"name":"p"');
  });
  test('warns of what is skipped', async () => {
    const { stderr } = await run({ check: true }, { DD_METRIC_TAG_FILTERLIST: '[{"tags":["a"]}]' });
    expect(stderr).toBe(
      'whippet: warning: metric_tag_filterlist: entry 1 has no metric_name and is skipped\n',
    );
  });
});
