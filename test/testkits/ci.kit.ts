/** The GitHub Action's script and the GitLab job's line, run as their runners would. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yaml from 'js-yaml';
import { describe, expect, it } from 'vitest';

const KITS = fileURLToPath(new URL('../../testkits', import.meta.url));
const WHIPPET = fileURLToPath(new URL('../../dist/cli/whippet.js', import.meta.url));
const COMMAND = `${process.execPath} ${WHIPPET}`;
const sending = (line: string): string =>
  `node -e 'const s=require("node:dgram").createSocket("udp4");s.send("${line}",+process.env.DD_DOGSTATSD_PORT,process.env.DD_AGENT_HOST,()=>s.close())'`;

function run(words: string[], env: Record<string, string>, cwd = KITS) {
  const { status, stderr, stdout } = spawnSync(words[0] as string, words.slice(1), {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, ...env },
  });
  return { status, output: stdout + stderr };
}

describe('the GitHub Action', () => {
  const act = (env: Record<string, string>) =>
    run(['bash', join(KITS, 'github-action/expect.sh')], { EXPECT_COMMAND: COMMAND, ...env });

  it('passes every input on', () => {
    const action = yaml.load(readFileSync(join(KITS, 'github-action/action.yml'), 'utf8')) as {
      inputs: Record<string, unknown>;
      runs: { steps: { env: Record<string, string> }[] };
    };
    const used = Object.values(action.runs.steps[0]?.env ?? {}).map(
      (text) => /inputs\.([\w-]+)/.exec(text)?.[1],
    );
    expect(used.sort()).toEqual(Object.keys(action.inputs).sort());
  });

  it('passes when everything arrived, and fails when something did not', () => {
    const lines = '# what counts\nname=paid sum=3\n\nname=paid type=count\n';
    expect(act({ EXPECT_RUN: sending('paid:3|c'), EXPECT_LINES: lines })).toMatchObject({ status: 0 });
    const failed = act({ EXPECT_RUN: sending('paid:2|c'), EXPECT_LINES: lines, EXPECT_TIMEOUT: '10ms' });
    expect(failed).toMatchObject({ status: 1, output: expect.stringContaining('sum is 2, not 3') });
    expect(act({ EXPECT_RUN: 'true', EXPECT_LINES: '\n' })).toMatchObject({ status: 2 });
  });
});

it('the line of the GitLab job', () => {
  const job = yaml.load(readFileSync(join(KITS, 'gitlab/whippet.gitlab-ci.yml'), 'utf8')) as {
    '.expect-metrics': { script: [string]; variables: Record<string, string> };
  };
  const { script, variables } = job['.expect-metrics'];
  const folder = mkdtempSync(join(tmpdir(), 'whippet-gitlab-'));
  try {
    const env = {
      ...variables,
      EXPECT_COMMAND: COMMAND,
      EXPECT: 'name=paid sum=3',
      EXPECT_RUN: sending('paid:3|c'),
    };
    expect(run(['bash', '-c', script[0]], env, folder)).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, 'metrics.xml'), 'utf8')).toContain('failures="0"');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
