import { describe, expect, it } from 'vitest';
import { LANGUAGES, linesFor, targetOf, whippetSend } from './first-metric.ts';

const listener = (kind: string, name: string, port = 0) => ({ kind, name, port });

describe('the lines to send a first metric', () => {
  it('have the host and port of UDP, and those of the page where it listens everywhere', () => {
    const here = targetOf({ listeners: [listener('udp', '127.0.0.1:8125', 8125)] }, 'localhost', 8127);
    expect(linesFor('shell', here)).toBe("echo -n 'page.views:1|c|#env:dev' | nc -u -w0 127.0.0.1 8125");
    expect(whippetSend(here)).toBe('whippet send --count page.views 1 --tag env:dev');
    const anywhere = targetOf(
      { listeners: [listener('udp', '0.0.0.0:9125', 9125)] },
      'metrics.example',
      8127,
    );
    expect(linesFor('shell', anywhere)).toContain('nc -u -w0 metrics.example 9125');
    expect(whippetSend(anywhere)).toContain('--to udp://metrics.example:9125');
  });

  it('use a Unix socket or HTTP where there is no UDP', () => {
    const unix = targetOf({ listeners: [listener('unixgram', '/run/dsd.sock')] }, '127.0.0.1', 8127);
    expect(linesFor('python', unix)).toContain("socket_path='/run/dsd.sock'");
    const http = targetOf({ listeners: [] }, '127.0.0.1', 8127);
    expect(linesFor('shell', http)).toBe(
      "curl -d 'page.views:1|c|#env:dev' http://127.0.0.1:8127/dogstatsd/v2/proxy",
    );
  });

  it('hold nothing of a name that is not plain', () => {
    const odd = targetOf({ listeners: [listener('unixgram', "/run/'; rm -rf /")] }, "evil'$(x)", 1);
    for (const language of LANGUAGES) expect(linesFor(language, odd)).not.toMatch(/rm -rf|\$\(x\)/);
  });
});
