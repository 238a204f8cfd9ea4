import { describe, expect, it } from 'vitest';
import { checkLine, eventLine, type MetricOptions, metricLines, SendUsageError } from './send-lines.ts';

describe('metric lines', () => {
  const makes = (words: string[], options: MetricOptions, want: string[]): void =>
    expect(metricLines(words, options)).toEqual(want);
  const refuses = (words: string[], options: MetricOptions, why: string): void => {
    expect(() => metricLines(words, options)).toThrow(SendUsageError);
    expect(() => metricLines(words, options)).toThrow(why);
  };

  it('come from a type, a name and values', () => {
    makes(['1'], { count: ['page.views'] }, ['page.views:1|c']);
    makes([], { gauge: ['temperature', '-3.5'] }, ['temperature:-3.5|g']);
    makes(['12', '13', '14e-1'], { timing: ['request'] }, ['request:12:13:14e-1|ms']);
    makes(['1'], { histogram: ['a'] }, ['a:1|h']);
    makes(['1'], { distribution: ['a'] }, ['a:1|d']);
    makes(['u:1', 'u2'], { set: ['users'] }, ['users:u:1|s', 'users:u2|s']);
  });

  it('carry rate, time and tags', () => {
    makes(['1'], { count: ['a'], tag: ['env:dev', 'x,y'], sampleRate: '0.5', timestamp: '1700000000' }, [
      'a:1|c|@0.5|T1700000000|#env:dev,x,y',
    ]);
  });

  it('stay as they are when they are given as lines', () => {
    makes(['a:1|c', 'nonsense'], {}, ['a:1|c', 'nonsense']);
  });

  it('are refused when they cannot mean what was typed', () => {
    refuses([], {}, 'nothing to send');
    refuses([], { count: ['a'] }, '--count a needs a value');
    refuses(['1'], { count: ['a'], gauge: ['b'] }, '--count and --gauge exclude each other');
    refuses(['one'], { count: ['a'] }, 'the value is a number; it is "one"');
    refuses([''], { count: ['a'] }, 'the value is a number');
    refuses(['1'], { count: ['a:b'] }, 'the name cannot contain ":"');
    refuses(['1'], { count: [''] }, 'the name is empty');
    refuses(['x|y'], { set: ['a'] }, 'the element cannot contain "|"');
    refuses(['1'], { count: ['a'], tag: ['x|y'] }, '--tag cannot contain "|"');
    refuses(['1'], { count: ['a'], tag: ['x\ny'] }, '--tag cannot contain "\\n"');
    refuses(['1'], { count: ['a'], sampleRate: 'half' }, '--sample-rate is a number');
    refuses(['1'], { count: ['a'], timestamp: '1.5' }, '--timestamp is a Unix time');
    refuses(['a:1|c'], { tag: ['x'] }, 'belong to a type');
  });
});

describe('event and check lines', () => {
  it('count the bytes of title and text, line breaks as two', () => {
    expect(eventLine('Deployed', 'v42', {})).toBe('_e{8,3}:Deployed|v42');
    expect(eventLine('é', 'a\nb', {})).toBe('_e{2,4}:é|a\\nb');
  });

  it('carry every field', () => {
    const event = eventLine('t', '', {
      timestamp: '1700000000',
      hostname: 'web-1',
      aggregationKey: 'k',
      priority: 'low',
      sourceType: 'ci',
      alertType: 'error',
      tag: ['a', 'b:c'],
    });
    expect(event).toBe('_e{1,0}:t||d:1700000000|h:web-1|k:k|p:low|s:ci|t:error|#a,b:c');
    const check = checkLine('db.up', 'critical', {
      hostname: 'h',
      message: 'a\nb',
      tag: ['x'],
      timestamp: '5',
    });
    expect(check).toBe('_sc|db.up|2|d:5|h:h|#x|m:a\\nb');
    expect(checkLine('db.up', '3', {})).toBe('_sc|db.up|3');
  });

  it('are refused when a field cannot be right', () => {
    const refuses = (make: () => string, why: string): void => expect(make).toThrow(why);
    refuses(() => eventLine('', 'x', {}), 'an event needs a title');
    refuses(() => eventLine('t', 'x', { alertType: 'bad' }), '--alert-type is one of error, warning');
    refuses(() => eventLine('t', 'x', { priority: 'high' }), '--priority is one of normal, low');
    refuses(() => checkLine('a', '4', {}), 'the status is 0 to 3');
    refuses(() => checkLine('a', '', {}), 'the status is 0 to 3');
    refuses(() => checkLine('a|b', '0', {}), 'the name cannot contain "|"');
    refuses(() => checkLine('a', '0', { message: 'a|b' }), '--message cannot contain "|"');
  });
});
