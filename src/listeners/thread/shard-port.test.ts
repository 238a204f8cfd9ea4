import type { MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { NewContexts, ShardMessage } from '../../model/shard-message.ts';
import type { TextRange } from '../../model/text.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { type ReportCore, ShardPort } from './shard-port.ts';

function makePort() {
  const sent: ShardMessage[] = [];
  let spoken = 0;
  const port = { postMessage: (message: ShardMessage) => void sent.push(message) } as unknown as MessagePort;
  const bytes = Buffer.alloc(400_000);
  const core: ReportCore = {
    bytes,
    takeRegion: () => 200_000,
    copyBytes: (from, to, length) => void bytes.copyWithin(to, from, from + length),
    writeContextKey: (into, at) => into.set([spoken, 0, 0, ++spoken], at),
  };
  const reports = new ShardPort(port, new ControlWord(makeControlBuffer()), core);
  /** The same in the shard's memory. */
  const inMemory = (text: string): TextRange => {
    const start = 17;
    return { bytes, start, end: start + bytes.write(text, start, 'latin1') };
  };
  const tell = (slot: number, type: number, text: string, source?: string): void =>
    reports.newContext(slot, type, inMemory(text), 0, source);
  return { reports, sent, tell, kinds: () => sent.map(({ kind }) => kind) };
}

describe('a shard port', () => {
  it('gathers new contexts until it is told to send them', () => {
    const { reports, sent, tell } = makePort();
    tell(5, 0, 'a\nhost');
    tell(6, 3, 'b\nhost\nenv:dev');
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
    const { reports, sent, tell } = makePort();
    tell(5, 0, 'a');
    tell(6, 0, 'b', 'kafka');
    reports.sendContexts();
    tell(7, 0, 'c');
    reports.sendContexts();
    expect(sent).toMatchObject([{ sources: { 1: 'kafka' } }, { texts: Uint8Array.of(0x63) }]);
    expect(sent[1]).not.toHaveProperty('sources');
  });

  it('sends contexts by themselves when there are many', () => {
    const { reports, sent, tell } = makePort();
    for (let i = 0; i < 80; i++) tell(i, 0, `c${i}`);
    expect(sent).toHaveLength(2);
    reports.sendContexts();
    const slots = sent.flatMap((message) => (message.kind === 'contexts' ? [...message.slots] : []));
    expect(slots).toEqual(Array.from({ length: 80 }, (_, i) => i));
  });

  it('sends contexts with texts of any length whole and in order', () => {
    const { reports, sent, tell } = makePort();
    const texts = [1, 65_535, 1, 70_000, 65_536, 0, 131_072, 3].map((length, i) => String(i).repeat(length));
    for (const [i, text] of texts.entries()) tell(i, 0, text);
    reports.sendContexts();
    expect(sent.length).toBeGreaterThan(3);
    const received = (sent as NewContexts[]).flatMap(({ texts: bytes, ends }) =>
      [...ends].map((end, i) => Buffer.from(bytes).toString('latin1', ends[i - 1] ?? 0, end)),
    );
    expect(received).toEqual(texts);
  });

  it('sends contexts before the bucket that refers to them, and before it ends', () => {
    const { reports, kinds, tell } = makePort();
    tell(1, 0, 'a');
    reports.sealed(64);
    tell(2, 0, 'b');
    reports.stopped();
    expect(kinds()).toEqual(['contexts', 'sealed', 'contexts', 'stopped']);
  });

  it('sends contexts before what may say that their slots are free, or that their bucket is over', () => {
    const { reports, kinds, tell } = makePort();
    tell(1, 0, 'a');
    reports.freed(Uint32Array.of(1));
    tell(1, 0, 'b');
    reports.passed(10);
    tell(2, 0, 'c');
    reports.answered(1);
    expect(kinds()).toEqual(['contexts', 'freed', 'contexts', 'passed', 'contexts', 'answered']);
  });

  it('sends contexts at the end of a batch, unless it sent some a moment ago', () => {
    const { reports, sent, tell } = makePort();
    const sentAfter = (now: number): number => {
      reports.batchOver(now);
      return sent.length;
    };
    expect(sentAfter(1000)).toBe(0);
    tell(1, 0, 'a');
    expect(sentAfter(1000)).toBe(1);
    tell(2, 0, 'b');
    expect(sentAfter(1000.004)).toBe(1);
    tell(3, 0, 'c');
    expect(sentAfter(1000.0101)).toBe(2);
    expect(sent.at(-1)).toMatchObject({ slots: Uint32Array.of(2, 3) });
    // The clock was set back.
    tell(4, 0, 'd');
    expect(sentAfter(900)).toBe(3);
    tell(5, 0, 'e');
    expect(sentAfter(900.001)).toBe(3);
    // There are many.
    for (let i = 0; i < 40; i++) tell(6 + i, 0, 'f');
    expect(sent).toHaveLength(4);
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
