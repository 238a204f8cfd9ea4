/** The whole command, with a fake intake for what --online asks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeIntake, startFakeIntake } from '../../testing/fake-intake/fake-intake.ts';
import { doctorCommand } from './doctor-command.ts';

const KEY = '0123456789abcdef0123456789abcdef';
let folder: string;
let intake: FakeIntake;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-doctor-'));
  intake = await startFakeIntake({ port: 0, apiKeys: [KEY] });
});
afterAll(async () => {
  await intake.close();
  rmSync(folder, { recursive: true });
});

async function run(yaml: string, options: object = {}) {
  const file = join(folder, 'datadog.yaml');
  writeFileSync(file, `dogstatsd_port: 0\nhttp: {port: 0}\n${yaml}`);
  let [out, err] = ['', ''];
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const code = await doctorCommand(file, options, streams, {});
  return { code, out, err };
}

it('exits with 0 when nothing is lost, and with 1 when something is', async () => {
  const fine = await run('dogstatsd_tags: [a:b]\n');
  expect(fine).toMatchObject({ code: 0, out: expect.stringMatching(/same +dogstatsd_tags/) });
  const lost = await run('use_dogstatsd: false\n');
  expect(lost).toMatchObject({
    code: 1,
    out: expect.stringMatching(/lost +use_dogstatsd +data is received/),
  });
  // It is a finding, so it is not a warning as well.
  expect(lost.err).toBe('');
});

it('asks the intake about the key and the time only when it may', async () => {
  const offline = await run(`dd_url: ${intake.url}\napi_key: ${KEY}\n`, { json: true });
  const { findings } = JSON.parse(offline.out) as { findings: { section: string; status: string }[] };
  expect(findings.filter(({ section }) => section === 'delivery')).toMatchObject([{ status: 'skipped' }]);
  expect(offline.out).not.toContain(KEY);

  const online = await run(`dd_url: ${intake.url}\napi_key: ${KEY}\n`, { online: true });
  expect(online).toMatchObject({ code: 0, out: expect.stringContaining('the intake knows the key') });
  expect(online.out).toMatch(/ok +time +\d\.\d s (behind|ahead of) the intake/);

  const wrong = await run(`dd_url: ${intake.url}\napi_key: ABC\n`, { online: true });
  expect(wrong).toMatchObject({ code: 1, out: expect.stringContaining('the intake refuses the key') });
  expect(wrong.out).toContain('not 32 lower-case hexadecimal digits');

  const nowhere = await run(`dd_url: http://127.0.0.1:9\napi_key: ${KEY}\n`, { online: true });
  expect(nowhere).toMatchObject({ code: 1, out: expect.stringContaining('cannot be reached') });
});

it('exits with 2 for a file that a server would refuse, and still tells of its keys', async () => {
  const { code, out } = await run('dogstatsd_mapper_cache_size: -1\nuse_dogstatsd: false\n');
  expect(code).toBe(2);
  expect(out).toMatch(/fail +refused +dogstatsd_mapper_cache_size is -1 /);
  expect(out).toMatch(/lost +use_dogstatsd/);
});
