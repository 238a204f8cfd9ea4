import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { exitCodeOf } from './exit.ts';
import type { ConfigOptions } from './options.ts';
import { buildProgram, registerConfig, registerRun } from './program.ts';

/** Runs a command line in memory; `exitCode` is what the program would end with. */
async function run(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  let options: ConfigOptions | undefined;
  const start = async (given: ConfigOptions) => {
    options = given;
  };
  const program = buildProgram([(program) => registerRun(program, start), registerConfig]);
  const capture = (command: Command): void => {
    command.configureOutput({
      writeOut: (text) => (written.stdout += text),
      writeErr: (text) => (written.stderr += text),
    });
    command.commands.forEach(capture);
  };
  capture(program);
  let exitCode = 0;
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    exitCode = exitCodeOf(error);
  }
  return { ...written, exitCode, options };
}

describe('run', () => {
  test('is the default command', async () => {
    const want = { ui: true, port: '0', set: ['a=1', 'b=2'] };
    expect((await run('--port', '0', '--set', 'a=1', '--set', 'b=2')).options).toEqual(want);
    expect((await run('run', '--port', '0', '--set', 'a=1', 'b=2')).options).toEqual(want);
    expect((await run()).options).toEqual({ ui: true });
  });
  test('takes a negative number as the value of a flag', async () => {
    expect((await run('--port', '-1')).options).toEqual({ ui: true, port: '-1' });
  });
  test('takes every handy flag', async () => {
    const line = '-c c --port 1 --host h --socket s --http-port 2 --echo --file f --log-level debug';
    expect((await run(...line.split(' '))).options).toEqual({
      ui: true,
      config: 'c',
      port: '1',
      host: 'h',
      socket: 's',
      httpPort: '2',
      echo: true,
      file: 'f',
      logLevel: 'debug',
    });
  });
});

describe('wrong usage exits with 2 and suggests', () => {
  const rejects = (line: string, message: string) =>
    test(`whippet ${line}`, async () => {
      const { exitCode, stderr, options } = await run(...line.split(' '));
      expect({ exitCode, stderr, options }).toEqual({
        exitCode: 2,
        stderr: `whippet: ERR_USAGE: ${message}\n`,
        options: undefined,
      });
    });
  rejects('confg', "unknown command or argument 'confg'; did you mean config?");
  rejects('elephant', "unknown command or argument 'elephant'; see whippet --help");
  rejects('--prot 1', "unknown option '--prot'\n(Did you mean --port?)");
  rejects('run --port', "option '--port <n>' argument missing");
  rejects('config extra', "too many arguments for 'config'. Expected 0 arguments but got 1.");
});

describe('help', () => {
  test('of the program names every command and exits with 0', async () => {
    const { exitCode, stdout } = await run('--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('run [options]  ');
    expect(stdout).toContain('config [options]');
    expect(stdout).toContain('Exit codes: 0 success, 1 failure, 2 wrong usage or configuration');
  });
  for (const command of ['run', 'config']) {
    test(`of ${command} has examples`, async () => {
      const { exitCode, stdout } = await run(command, '--help');
      expect(exitCode).toBe(0);
      expect(stdout).toContain('--log-level <level>');
      expect(stdout).toContain('Examples:\n');
    });
  }
  test('--version prints a version', async () => {
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
