import { describe, expect, it } from 'vitest';
import { makeLogger, readable } from './logger.ts';

function makeLog(level: string, isTTY: boolean) {
  const lines: string[] = [];
  const log = makeLogger(level, { write: (text) => lines.push(text), isTTY });
  return { log, lines };
}

describe('the log for machines', () => {
  it('is one JSON object a line', () => {
    const { log, lines } = makeLog('info', false);
    log.info({ listener: 'udp', port: 8125 }, 'listening');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 30,
      msg: 'listening',
      listener: 'udp',
      port: 8125,
    });
  });

  it('escapes control characters', () => {
    const { log, lines } = makeLog('info', false);
    log.info({ line: 'a\x1b[2J\nb\0' }, 'rejected a line');
    expect(lines[0]).toContain('"a\\u001b[2J\\nb\\u0000"');
  });
});

describe('the log for people', () => {
  it('is one readable line', () => {
    const { log, lines } = makeLog('info', true);
    log.warn({ listener: 'udp', text: 'two words' }, 'odd');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}odd listener=udp text="two words"\n$/);
  });

  it('shows the message of an error and not its stack', () => {
    const { log, lines } = makeLog('info', true);
    log.error({ err: new Error('disk full') }, 'cannot write');
    expect(lines[0]).toMatch(/ error cannot write error="disk full"\n$/);
  });

  it('cannot be driven by what it shows', () => {
    const { log, lines } = makeLog('info', true);
    log.info({ line: 'a\x1b[2J\u009b31m\u007f\nb' }, 'rejected a line');
    expect(lines[0]).toContain('line="a\\u001b[2J\\u009b31m\\u007f\\nb"');
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
  });

  it('shows fields that are not text as JSON', () => {
    const json = JSON.stringify({ level: 20, time: 0, msg: 'flushed', count: 3, list: [1] });
    expect(readable(json)).toMatch(/ debug flushed count=3 list=\[1\]\n$/);
  });
});

describe('the level', () => {
  it.each([
    ['off', 0],
    ['critical', 1],
    ['fatal', 1],
    ['error', 2],
    ['warn', 3],
    ['info', 4],
    ['debug', 5],
  ])('%s lets %i of five lines pass', (level, count) => {
    const { log, lines } = makeLog(level, false);
    log.fatal({}, 'a');
    log.error({}, 'b');
    log.warn({}, 'c');
    log.info({}, 'd');
    log.debug({}, 'e');
    expect(lines).toHaveLength(count);
  });
});
