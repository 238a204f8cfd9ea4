import { describe, expect, it } from 'vitest';
import { EMPTY_STATE, encodeState } from '../../inspect/capture/tagger-state.ts';
import type { ReplaySenders } from '../../model/replay-senders.ts';
import { NO_SOURCE_TAGS } from '../../origin/entity.ts';
import { TagStore } from '../../origin/tag-store.ts';
import { ReplaySessions } from './replay-sessions.ts';

const STATE = encodeState({
  ...EMPTY_STATE,
  entities: new Map([
    ['container_id://a', { low: ['image:captured'], orchestrator: [], high: ['box:a'] }],
    ['container_id://live', { low: ['image:captured'], orchestrator: [], high: [] }],
    ['host://x', { low: ['x:y'], orchestrator: [], high: [] }],
  ]),
  pids: new Map([
    [4711, 'container_id://a'],
    [4712, 'host://x'],
  ]),
});

function start(isOn = true) {
  const store = new TagStore({ clock: () => 0 });
  const told: (ReplaySenders | undefined)[] = [];
  const lines: string[] = [];
  const say = (_: object, sentence: string) => void lines.push(sentence);
  const log = { info: say, warn: say, error: say };
  const waiting: (() => void)[] = [];
  const later = (work: () => void) => void waiting.push(work);
  const sessions = new ReplaySessions({ store, log, isOn, later, tell: (replay) => void told.push(replay) });
  return {
    store,
    told,
    lines,
    sessions,
    finish: () => {
      for (const work of waiting.splice(0)) work();
    },
  };
}

describe('a replay', () => {
  it('brings the tags of the capture, but not of containers that are known, and takes them away at its end', () => {
    const { store, told, lines, sessions, finish } = start();
    const live = { ...NO_SOURCE_TAGS, low: ['image:live'] };
    store.writer('docker').set('container', 'container_id://live', live);
    const session = sessions.start(50, STATE);
    if (typeof session === 'string') throw new Error(session);
    expect(session).toMatchObject({ processes: 1, entities: 1 });
    expect(store.view('container_id://a')?.tags).toMatchObject({ low: ['image:captured'], high: ['box:a'] });
    expect(store.view('container_id://live')?.tags.low).toEqual(['image:live']);
    expect(told).toEqual([{ pid: 50, senders: new Map([[4711, 'container_id://a']]) }]);
    expect(sessions.start(51, STATE)).toBe('busy');
    session.end();
    session.end();
    // What it has sent may not have been read yet.
    expect(told).toHaveLength(1);
    finish();
    expect(told[1]).toBeUndefined();
    expect(told).toHaveLength(2);
    expect(store.view('container_id://a')?.sources[0]?.endedSecondsAgo).toBeDefined();
    expect(lines).toHaveLength(2);
    expect(typeof sessions.start(51, STATE)).toBe('object');
  });

  it('that begins in the time that is left to another ends that', () => {
    const { store, told, sessions, finish } = start();
    const first = sessions.start(50, STATE);
    if (typeof first === 'string') throw new Error(first);
    first.end();
    expect(sessions.start(51, STATE)).toMatchObject({ entities: 2 });
    expect(store.view('container_id://a')?.sources[0]?.endedSecondsAgo).toBeUndefined();
    expect(told.map((replay) => replay?.pid)).toEqual([50, undefined, 51]);
    finish();
    first.end();
    expect(told).toHaveLength(3);
    expect(sessions.start(52, STATE)).toBe('busy');
  });

  it('is refused where nobody is asked who sends, and with a state that is none', () => {
    expect(start(false).sessions.start(50, STATE)).toBe('off');
    const { sessions, store } = start();
    expect(sessions.start(50, STATE.subarray(0, STATE.length - 3))).toBe('bad_state');
    expect(store.entityCount).toBe(0);
    expect(typeof sessions.start(50, new Uint8Array())).toBe('object');
  });
});
