import { describe, expect, test } from 'vitest';
import { parseExposition, sampleOf } from './exposition-parser.ts';

const summary = '# TYPE d summary\nd{quantile="0.5"} 1\nd{quantile="0.9"} 2\nd_sum 3\nd_count 2\n';

describe('the strict parser', () => {
  test('reads a valid page of either format', () => {
    const text = parseExposition(
      `# HELP a b "c" \\\\ \\n\n# TYPE a counter\na{x="\\"\\\\\\n,}"} 1\n${summary}`,
      'text',
    );
    expect(text[0]?.help).toBe('b "c" \\ \n');
    expect(sampleOf(text, 'a', { x: '"\\\n,}' })).toBe(1);
    const open = parseExposition(
      `# TYPE a counter\n# HELP a \\"\na_total 1e+21\n${summary}# EOF\n`,
      'openmetrics',
    );
    expect(sampleOf(open, 'a_total')).toBe(1e21);
  });

  const rejects = (page: string, problem: string, format: 'text' | 'openmetrics' = 'text') =>
    test(`rejects ${problem} in ${format}: ${JSON.stringify(page)}`, () => {
      const whole = format === 'openmetrics' ? `${page}# EOF\n` : page;
      expect(() => parseExposition(whole, format)).toThrow(problem);
    });
  rejects('a 1\n', 'a sample before its TYPE');
  rejects('# HELP a x\na 1\n', 'a sample before its TYPE');
  rejects('# TYPE a gauge', 'no line feed at the end');
  rejects('# TYPE a gauge\r\n', 'a carriage return');
  rejects('# TYPE a gauge\n\na 1\n', 'a blank line');
  rejects('# hello\n', 'a comment that is neither');
  rejects('# TYPE a untyped\n', 'an unknown type');
  rejects('# TYPE a.b gauge\n', 'a bad family name');
  rejects('# TYPE a gauge\n# TYPE a gauge\n', 'a second TYPE');
  rejects('# TYPE a gauge\na 1\n# HELP a x\n', 'metadata after samples');
  rejects('# TYPE a gauge\na 1\n# TYPE b gauge\n# TYPE a gauge\n', 'a family that comes twice');
  rejects('# TYPE a gauge\nb 1\n', 'a sample of another family');
  rejects('# TYPE a gauge\na 1\na 2\n', 'a series that comes twice');
  rejects('# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n', 'a series that comes twice');
  rejects('# TYPE a gauge\na{x="1",x="2"} 1\n', 'label x twice');
  rejects('# TYPE a gauge\na{x=""} 1\n', 'label x is empty');
  rejects('# TYPE a gauge\na{__x="1"} 1\n', 'a bad label name');
  rejects('# TYPE a gauge\na{x="\\t"} 1\n', 'an unknown escape');
  rejects('# TYPE a gauge\na{x="1} 1\n', 'bad labels');
  rejects('# TYPE a gauge\na one\n', 'a bad value');
  rejects('# TYPE a gauge\na Infinity\n', 'a bad value');
  rejects('# TYPE a gauge\na 1 1700000000\n', 'a bad value');
  rejects('# TYPE a gauge\na{quantile="0.5"} 1\n', 'a quantile label out of place');
  rejects('# TYPE a counter\na -1\n', 'a counter that is negative');
  rejects('# TYPE a summary\na_sum 1\n# TYPE a_sum gauge\na_sum 1\n', 'belongs to two families');
  rejects('# TYPE a summary\na{quantile="0.9"} 1\na{quantile="0.5"} 1\n', 'quantiles out of order');
  rejects(
    '# TYPE a summary\na_sum{x="1"} 1\na_sum{x="2"} 1\na_count{x="1"} 1\n',
    'a metric whose lines are apart',
  );
  rejects('# TYPE a counter\na 1\n', 'a sample of another family', 'openmetrics');
  rejects('# TYPE a counter\na_total NaN\n', 'negative or NaN', 'openmetrics');
  rejects('# TYPE a counter\n# TYPE a_created gauge\n', 'belongs to two families', 'openmetrics');
  rejects('# TYPE a gauge\n# HELP a "x"\n', 'a bare quote', 'openmetrics');
  rejects('# TYPE a summary\na{quantile="0.5"} -1\n', 'a negative quantile', 'openmetrics');
  rejects('# EOF\n', 'a comment that is neither', 'openmetrics');

  test('rejects OpenMetrics without its end', () => {
    expect(() => parseExposition('# TYPE a gauge\n', 'openmetrics')).toThrow('no # EOF');
  });
});
