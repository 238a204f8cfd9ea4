import { describe, expect, it } from 'vitest';
import type { ServiceCheckError, ServiceCheckMessage } from '../model/message.ts';
import { parseServiceCheck } from './service-check.ts';

const OPTIONS = { noAggregationPipeline: true, originDetectionClient: true };

const accepts = (line: string, want: Partial<ServiceCheckMessage>) =>
  it(`accepts ${JSON.stringify(line)}`, () => {
    expect(parseServiceCheck(line, OPTIONS)).toEqual({
      kind: 'service_check',
      name: 'a',
      status: 0,
      timestamp: 0,
      hostname: '',
      message: '',
      tags: [],
      localData: { containerId: '', inode: 0n },
      externalData: { init: false, containerName: '', podUid: '' },
      cardinality: '',
      warnings: 0,
      ...want,
    });
  });

const rejects = (line: string, error: ServiceCheckError, caret: string) =>
  it(`rejects ${JSON.stringify(line)} for its ${error}`, () => {
    expect(parseServiceCheck(line, OPTIONS)).toEqual({
      kind: 'error',
      messageType: 'service_check',
      error,
      at: caret.indexOf('^'),
    });
  });

describe('name and status', () => {
  accepts('_sc|a|0', {});
  accepts('_sc|a|1', { status: 1 });
  accepts('_sc|a|2|', { status: 2 });
  accepts('_sc|a|3', { status: 3 });
  accepts('_scXa|0|', {});
  accepts('_sc|my check: x|0', { name: 'my check: x' });

  rejects('_sc', 'format', '   ^');
  rejects('_sc|', 'format', '    ^');
  rejects('_sc|a', 'format', '     ^');
  rejects('_sc||', 'name', '    ^');
  rejects('_sc||0', 'name', '    ^');
  rejects('_scX|0|', 'name', '    ^');
  rejects('_sc|a|', 'status', '      ^');
  rejects('_sc|a|4', 'status', '      ^');
  rejects('_sc|a|00', 'status', '      ^');
  rejects('_sc|a| 0', 'status', '      ^');
  rejects('_sc|a|OK', 'status', '      ^');
  rejects('_sc|a|d:1|0', 'status', '      ^');
});

describe('fields', () => {
  accepts('_sc|a|0|d:5|h:h|m:all \\n m\\: well|#x,', {
    timestamp: 5,
    hostname: 'h',
    message: 'all \\n m\\: well',
    tags: ['x', ''],
  });
  accepts('_sc|a|0|m:one|two|d:5|m:three', { message: 'three', timestamp: 5 });
  accepts('_sc|a|0|d:5|d:x|d:', { timestamp: 5, warnings: 2 });
  accepts('_sc|a|0|d|h|m||t:error|c:abc', { localData: { containerId: 'abc', inode: 0n } });
});
