import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventParser } from './events.ts';

const TEXT = ': whippet\n\nevent: tick\ndata: {"at":1}\n\ndata: a\r\ndata: b\r\n\r\nevent: none\n\n';
const EVENTS = [
  { event: 'tick', data: '{"at":1}' },
  { event: 'message', data: 'a\nb' },
];

describe('a stream of events', () => {
  it('is read whole', () => expect(new EventParser().feed(TEXT)).toEqual(EVENTS));

  it('is read the same wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 8 }), (cuts) => {
        const parser = new EventParser();
        const places = [0, ...cuts.sort((a, b) => a - b), TEXT.length];
        const events = places.flatMap((from, at) => parser.feed(TEXT.slice(from, places[at + 1] ?? from)));
        expect(events).toEqual(EVENTS);
      }),
    );
  });

  it('ends when an event has no end', () => {
    const parser = new EventParser();
    const feed = (): void => {
      for (let n = 0; n < 100; n++) parser.feed(`data: ${'x'.repeat(100_000)}\n`);
    };
    expect(feed).toThrow('too long');
  });
});
