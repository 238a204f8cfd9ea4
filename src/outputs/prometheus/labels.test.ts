import { describe, expect, test } from 'vitest';
import { toByteString } from '../../model/text.ts';
import { escapeName, renderLabels } from './labels.ts';

describe('names', () => {
  const escapes = (from: string, want: string, problems: string[] = []) =>
    test(`'${from}' is '${want}'`, () => {
      const noted: string[] = [];
      expect(escapeName(toByteString(from), (problem) => noted.push(problem))).toBe(want);
      expect(noted).toEqual(problems);
    });
  // Spec output B.3.
  escapes('0starts_with_digit', '_0starts_with_digit');
  escapes('with.dot', 'with_dot');
  escapes('with--doubledash', 'with_doubledash');
  escapes('with---multiple-dashes', 'with_multiple_dashes');
  escapes('with.*.multiple', 'with___multiple');
  escapes('test.web-server.foo.bar', 'test_web_server_foo_bar');
  escapes('with:colon', 'with_colon');
  escapes('Already_Fine9', 'Already_Fine9');
  escapes('é', '_');
  escapes('a😀b', 'a_b');
  escapes('e\u0301', 'e_');
  escapes('-', '_');
  escapes('9', '_9');
  escapes('', 'unnamed', ['empty_name']);

  test('bytes that are not UTF-8 are underscores and noted', () => {
    const noted: string[] = [];
    expect(escapeName('a\xff\xfe', (problem) => noted.push(problem))).toBe('a__');
    expect(noted).toEqual(['invalid_utf8']);
  });

  test('a replacement character that was sent as such is not a problem', () => {
    const noted: string[] = [];
    escapeName(toByteString('\ufffd'), (problem) => noted.push(problem));
    expect(noted).toEqual([]);
  });
});

describe('labels', () => {
  const shows = (tags: string[], want: string, problems: string[] = [], host = '') =>
    test(`${JSON.stringify(tags)}${host === '' ? '' : ` on ${host}`} is {${want}}`, () => {
      const noted = new Set<string>();
      expect(renderLabels(tags.map(toByteString), host, (problem) => noted.add(problem))).toBe(want);
      expect([...noted]).toEqual(problems);
    });
  shows([], '');
  shows(['b:2', 'a:1'], 'a="1",b="2"');
  shows(['url:http://x:80/'], 'url="http://x:80/"');
  shows(['beta'], 'beta="true"', ['valueless_tag']);
  shows(['beta:'], 'beta="true"', ['valueless_tag']);
  shows([''], '', ['empty_tag']);
  shows([':v', 'a:1'], 'a="1"', ['empty_tag']);
  shows(['a:1', 'a:1'], 'a="1"');
  shows(['a:2', 'a:1'], 'a="1,2"', ['duplicate_label']);
  shows(['a.b:2', 'a_b:1'], 'a_b="1,2"', ['duplicate_label']);
  shows(['quantile:1', 'le:2'], 'tag_le="2",tag_quantile="1"', ['reserved_label']);
  shows(['__name__:x'], 'tag___name__="x"', ['reserved_label']);
  shows(['..x:1'], 'tag___x="1"', ['reserved_label']);
  shows(['host:tag'], 'host="tag"');
  shows(['host:tag'], 'host="web1",tag_host="tag"', ['reserved_label'], 'web1');
  shows(['tag_le:1', 'le:2'], 'tag_le="1,2"', ['reserved_label', 'duplicate_label']);
  shows(['a:"\\\n'], 'a="\\"\\\\\\n"');
  shows(['a:\r\u0000\u001b'], 'a="\ufffd\ufffd\ufffd"', ['control_character']);
  shows(['a:tab\there'], 'a="tab\there"');
  shows(['city:東京'], 'city="東京"');

  test('values that are not UTF-8 show U+FFFD', () => {
    const noted = new Set<string>();
    expect(renderLabels(['a:\xff'], '', (problem) => noted.add(problem))).toBe('a="\ufffd"');
    expect([...noted]).toEqual(['invalid_utf8']);
  });
});
