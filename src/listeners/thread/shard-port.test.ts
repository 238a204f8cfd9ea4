import type { MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { NewContexts, ShardMessage } from '../../model/shard-message.ts';
import { toRange } from '../../model/text.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { ShardPort } from './shard-port.ts';

function makePort() {
  const sent: ShardMessage[] = [];
  let spoken = 0;
  const port = { postMessage: (message: ShardMessage) => void sent.push(message) } as unknown as MessagePort;
  const reports = new ShardPort(port, new ControlWord(makeControlBuffer()), (into, at) =>
    into.set([spoken, 0, 0, ++spoken], at),
  );
  return { reports, sent, kinds: () => sent.map(({ kind }) => kind) };
}

describe('a shard port', () => {
  it('gathers new contexts until it is told to send them', () => {
    const { reports, sent } = makePort();
    reports.newContext(5, 0, toRange('a\nhost'), 0);
    reports.newContext(6, 3, toRange('b\nhost\nenv:dev'), 0);
    expect(sent).toEqual([]);
    reports.sendContexts();
    reports.sendContexts();
    expect(sent).toEqual([
      {
        kind: 'contexts',
        slots: Uint32Array.of(5, 6),
        keys: Uint32Array.of(0, 0, 0, 1, 1, 0, 0, 2),
        types: Uint8Array.of(0, 3),
        limits: Uint8Array.of(0, 0),
        texts: Uint8Array.from(Buffer.from('a\nhostb\nhost\nenv:dev')),
        ends: Uint32Array.of(6, 20),
      },
    ]);
  });

  it('says which contexts come from a JMX check, batch by batch', () => {
    const { reports, sent } = makePort();
    reports.newContext(5, 0, toRange('a'), 0);
    reports.newContext(6, 0, toRange('b'), 0, 'kafka');
    reports.sendContexts();
    reports.newContext(7, 0, toRange('c'), 0);
    reports.sendContexts();
    expect(sent).toMatchObject([{ sources: { 1: 'kafka' } }, { texts: Uint8Array.of(0x63) }]);
    expect(sent[1]).not.toHaveProperty('sources');
  });

  it('sends contexts by themselves when there are many', () => {
    const { reports, sent } = makePort();
    for (let i = 0; i < 80; i++) reports.newContext(i, 0, toRange(`c${i}`), 0);
    expect(sent).toHaveLength(2);
    reports.sendContexts();
    const slots = sent.flatMap((message) => (message.kind === 'contexts' ? [...message.slots] : []));
    expect(slots).toEqual(Array.from({ length: 80 }, (_, i) => i));
  });

  it('sends contexts with texts of any length whole and in order', () => {
    const { reports, sent } = makePort();
    const texts = [1, 65_535, 1, 70_000, 65_536, 0, 131_072, 3].map((length, i) => String(i).repeat(length));
    for (const [i, text] of texts.entries()) reports.newContext(i, 0, toRange(text), 0);
    reports.sendContexts();
    expect(sent.length).toBeGreaterThan(3);
    const received = (sent as NewContexts[]).flatMap(({ texts: bytes, ends }) =>
      [...ends].map((end, i) => Buffer.from(bytes).toString('latin1', ends[i - 1] ?? 0, end)),
    );
    expect(received).toEqual(texts);
  });

  it('sends contexts before the bucket that refers to them, and before it ends', () => {
    const { reports, kinds } = makePort();
    reports.newContext(1, 0, toRange('a'), 0);
    reports.sealed(64);
    reports.newContext(2, 0, toRange('b'), 0);
    reports.stopped();
    expect(kinds()).toEqual(['contexts', 'sealed', 'contexts', 'stopped']);
  });

  it('samples rejected lines: a few of each reason until the bucket is over', () => {
    const { reports, sent } = makePort();
    const reject = (error: 'value' | 'type'): void =>
      reports.rejected({ kind: 'error', messageType: 'metric', error, at: 2 }, 'a:x|c');
    for (let i = 0; i < 100; i++) reject('value');
    expect(sent).toHaveLength(3);
    reject('type');
    expect(sent).toHaveLength(4);
    expect(sent[3]).toEqual({
      kind: 'rejected',
      messageType: 'metric',
      error: 'type',
      at: 2,
      line: 'a:x|c',
    });
    // Without a good line there is no bucket to seal, but time passes.
    reports.passed(20);
    reject('value');
    expect(sent.at(-1)?.kind).toBe('rejected');
  });

  it('sends the beginning of a long rejected line', () => {
    const { reports, sent } = makePort();
    reports.rejected({ kind: 'error', messageType: 'metric', error: 'format', at: 0 }, 'x'.repeat(9999));
    expect(sent[0]).toMatchObject({ line: 'x'.repeat(512) });
  });
});
