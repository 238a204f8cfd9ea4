import { expect, it } from 'vitest';
import { formatJunit } from './junit.ts';

it('writes passed and failed checks, with counts and times', () => {
  const xml = formatJunit('suite', [
    { name: 'good', durationMs: 1500 },
    { name: 'bad', failure: 'first line\nsecond line', durationMs: 250 },
  ]);
  expect(xml).toContain('<testsuite name="suite" tests="2" failures="1" errors="0" time="1.750">');
  expect(xml).toContain('<testcase classname="suite" name="good" time="1.500"/>');
  expect(xml).toContain('<failure message="first line">first line\nsecond line</failure>');
});

it('escapes what XML does not take, in names and in text', () => {
  const xml = formatJunit('s', [{ name: '<a & "b">', failure: 'x\u0000\u001b[31m\ud800y', durationMs: 0 }]);
  expect(xml).toContain('name="&#60;a &#38; &#34;b&#34;&#62;"');
  expect(xml).toContain('x\ufffd\ufffd[31m\ufffdy');
});

it('keeps whole characters, line breaks and tabs', () => {
  expect(formatJunit('s', [{ name: 'é😀', failure: 'a\n\tb', durationMs: 0 }])).toContain('a\n\tb');
  expect(formatJunit('s', [{ name: 'é😀', durationMs: 0 }])).toContain('é😀');
});
