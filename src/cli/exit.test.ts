import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.ts';
import { describeError, describeUsage, exitCodeOf } from './exit.ts';

const wrongConfig = new ConfigError([
  { code: 'ERR_CONFIG_INVALID_VALUE', message: 'http.port is "x"' },
  { code: 'ERR_CONFIG_UNKNOWN_KEY', message: 'http.prot is not a known key' },
]);
const listenError = Object.assign(new Error('port 8125 is already in use'), { code: 'ERR_LISTEN_IN_USE' });

describe('exit codes', () => {
  test('a wrong configuration is 2', () => expect(exitCodeOf(wrongConfig)).toBe(2));
  test('wrong usage is 2', () =>
    expect(exitCodeOf(new CommanderError(1, 'commander.unknownOption', 'x'))).toBe(2));
  test('help is 0', () => expect(exitCodeOf(new CommanderError(0, 'commander.helpDisplayed', ''))).toBe(0));
  test('everything else is 1', () => {
    expect(exitCodeOf(listenError)).toBe(1);
    expect(exitCodeOf(undefined)).toBe(1);
  });
});

describe('errors are printed', () => {
  test('one line for each problem of a configuration', () => {
    expect(describeError(wrongConfig)).toBe(
      'whippet: ERR_CONFIG_INVALID_VALUE: http.port is "x"\n' +
        'whippet: ERR_CONFIG_UNKNOWN_KEY: http.prot is not a known key\n',
    );
  });
  test('with their code', () => {
    expect(describeError(listenError)).toBe('whippet: ERR_LISTEN_IN_USE: port 8125 is already in use\n');
  });
  test("with the code once, when it begins the message as in Node's errors", () => {
    const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    expect(describeError(error)).toBe('whippet: EACCES: permission denied\n');
  });
  test('with the stack when they have no code', () => {
    expect(describeError(new TypeError('oops'))).toMatch(/^whippet: ERR_UNEXPECTED: TypeError: oops\n +at /);
    expect(describeError('text')).toBe('whippet: ERR_UNEXPECTED: text\n');
  });
  test('not again when commander has printed them', () => {
    expect(describeError(new CommanderError(1, 'commander.unknownOption', 'x'))).toBe('');
  });
  test('as ERR_USAGE when the usage is wrong', () => {
    expect(describeUsage("error: unknown option '--x'\n")).toBe("whippet: ERR_USAGE: unknown option '--x'\n");
  });
});
