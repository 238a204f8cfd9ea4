import { describe, expect, it } from 'vitest';
import type { EventError, EventMessage } from '../model/message.ts';
import { parseEvent } from './event.ts';

const OPTIONS = { noAggregationPipeline: true, originDetectionClient: true };

const accepts = (line: string, want: Partial<EventMessage>) =>
  it(`accepts ${JSON.stringify(line)}`, () => {
    expect(parseEvent(line, OPTIONS)).toEqual({
      kind: 'event',
      title: 't',
      text: 'x',
      timestamp: 0,
      hostname: '',
      aggregationKey: '',
      priority: 'normal',
      sourceType: '',
      alertType: 'info',
      tags: [],
      localData: { containerId: '', inode: 0n },
      externalData: { init: false, containerName: '', podUid: '' },
      cardinality: '',
      warnings: 0,
      ...want,
    });
  });

const rejects = (line: string, error: EventError, caret: string) =>
  it(`rejects ${JSON.stringify(line)} for its ${error}`, () => {
    expect(parseEvent(line, OPTIONS)).toEqual({
      kind: 'error',
      messageType: 'event',
      error,
      at: caret.indexOf('^'),
    });
  });

describe('header, title and text', () => {
  accepts('_e{1,1}:t|x', {});
  accepts('_e{1,0}:t|', { text: '' });
  accepts('_e{+1,-0}:t|', { text: '' });
  accepts('_e{3,3}:a|b|c:d', { title: 'a|b', text: 'c:d' });
  accepts('_e{1,1]:tXx', {});
  accepts('_e{1,11:t|x', {});
  accepts('_e{001,01}:t|x', {});
  accepts('_e{4,5}:a\\nb|\\\\n\\t', { title: 'a\nb', text: '\\\n\\t' });
  accepts('_e{2,3}:\xc3\xa9|\xc3\xff ', { title: '\xc3\xa9', text: '\xc3\xff ' });

  rejects('_e{', 'no_header', '   ^');
  rejects('_e{1,1}t|x', 'no_header', '          ^');
  rejects('_e{1,1:t|x', 'header', '      ^');
  rejects('_e{}:', 'header', '    ^');
  rejects('_e{1111}:t|x', 'header', '   ^');
  rejects('_e{111,:t|x', 'header', '   ^');
  rejects('_e{,1111}:t|x', 'header', '   ^');
  rejects('_e{x,1}:t|x', 'header', '   ^');
  rejects('_e{-1,1}:t|x', 'header', '   ^');
  rejects('_e{1, 1}:t|x', 'header', '     ^');
  rejects('_e{1,-1}:t|x', 'header', '     ^');
  rejects('_e{1,1,1}:t|x', 'header', '     ^');
  rejects('_e{1,9999999999999999999}:t|x', 'header', '     ^');
  rejects('_e{0,x}:t|x', 'empty_title', '   ^');
  rejects('_e{1,2}:t|x', 'length', '           ^');
  rejects('_e{1,0}:t', 'length', '         ^');
  rejects('_e{9223372036854775807,9223372036854775807}:t|x', 'length', `${' '.repeat(47)}^`);
});

describe('fields', () => {
  accepts('_e{1,1}:t|x|d:-5|h: h |k:k|p:low|s:s|t:error|#a,,b', {
    timestamp: -5,
    hostname: ' h ',
    aggregationKey: 'k',
    priority: 'low',
    sourceType: 's',
    alertType: 'error',
    tags: ['a', '', 'b'],
  });
  accepts('_e{1,1}:t|xd:7|p:low', { timestamp: 7, priority: 'low' });
  accepts('_e{1,1}:t|x|p:low|p:normal|h:a|h:', { hostname: '' });
  accepts('_e{1,1}:t|x|d|h|p:|', { warnings: 1 });
  accepts('_e{1,1}:t|x|d:7|d:x|d:|d:1.5', { timestamp: 7, warnings: 3 });
  accepts('_e{1,1}:t|x|p:low|p:Low|t:success|t:fatal', {
    priority: 'low',
    alertType: 'success',
    warnings: 2,
  });
  accepts('_e{1,1}:t|x|c:in-x|e:it-x|card:high', { cardinality: 'high' });
  accepts('_e{1,1}:t|x|T12|@0.5|m:x', {});
});
