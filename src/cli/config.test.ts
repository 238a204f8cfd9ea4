import { describe, expect, test } from 'vitest';
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
    expect(lines[0]).toBe('dogstatsd_port                      9125                  env DD_DOGSTATSD_PORT');
    expect(lines).toContain("dogstatsd_socket                    ''                    default");
    expect(lines).toContain('histogram_aggregates                max median avg count  default');
    expect(lines).toContain('http.port                           0                     flag --http-port');
    expect(stderr).toBe('');
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
});
