import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeLogger } from '../../telemetry/logger.ts';
import type { CaptureRequest, CaptureService, CaptureSink } from './capture-service.ts';
import { CaptureTriggers, type TriggerCounts, type TriggerOptions } from './capture-triggers.ts';

const folder = mkdtempSync(join(tmpdir(), 'whippet-triggers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let now = 0;
let counts: TriggerCounts;
let saved: string[] = [];
/** Called with the path when the log says that a file was saved. */
let onSaved: (path: string) => void = () => undefined;

/** Saves nothing, and says at once that it did. */
const service = {
  start: ({ reason }: CaptureRequest, sink: CaptureSink) => {
    saved.push(reason);
    sink.end();
    return { done: Promise.resolve({ packets: 1, held_seconds: 1 }) };
  },
} as unknown as CaptureService;

function triggers(settings: Partial<TriggerOptions['settings']> = {}): CaptureTriggers {
  return new CaptureTriggers({
    service,
    settings: {
      triggers: ['rejects', 'spike', 'drop', 'contexts'],
      // Others still write, and remove the oldest, when their tests have ended.
      ...{ directory: mkdtempSync(join(folder, 'of-')), files_max: 2, pause_seconds: 60 },
      ...{ reject_percent: 10, spike_factor: 3, contexts_per_second: 100 },
      ...settings,
    },
    counts: () => counts,
    log: makeLogger('warn', { write: (line) => onSaved((JSON.parse(line) as { path: string }).path) }),
    clock: () => now,
  });
}

/** A second in which so much comes. */
function second(watch: CaptureTriggers, added: Partial<TriggerCounts>): string | undefined {
  now++;
  const sum: Record<string, number> = { ...counts };
  for (const [name, value] of Object.entries(added)) sum[name] = (sum[name] ?? 0) + value;
  counts = sum as unknown as TriggerCounts;
  return watch.look();
}

beforeEach(() => {
  now = 1_700_000_000;
  counts = { packets: 0, lines: 0, rejected: 0, dropped: 0, newContexts: 0 };
  saved = [];
  onSaved = () => undefined;
});

describe('a trigger', () => {
  it('finds a share of rejected lines, from ten on', () => {
    const watch = triggers();
    second(watch, {});
    expect(second(watch, { lines: 50, rejected: 9 })).toBeUndefined();
    expect(second(watch, { lines: 101, rejected: 10 })).toBeUndefined();
    expect(second(watch, { lines: 100, rejected: 10 })).toBe('rejects');
  });

  it('finds a burst once a usual second is known', () => {
    const watch = triggers();
    for (let i = 0; i < 12; i++) expect(second(watch, { packets: 500 })).toBeUndefined();
    expect(second(watch, { packets: 1400 })).toBeUndefined();
    expect(second(watch, { packets: 2000 })).toBe('spike');
  });

  it('takes no quiet server for a usual one: a burst has at least 1,000 packets', () => {
    const watch = triggers();
    for (let i = 0; i < 20; i++) second(watch, { packets: 1 });
    expect(second(watch, { packets: 900 })).toBeUndefined();
  });

  it('finds anything dropped', () => {
    const watch = triggers();
    second(watch, { dropped: 5 });
    expect(second(watch, {})).toBeUndefined();
    expect(second(watch, { dropped: 1 })).toBe('drop');
  });

  it('finds many new contexts, but not in the first minute', () => {
    const watch = triggers();
    for (let i = 0; i < 59; i++) expect(second(watch, { newContexts: 1000 })).toBeUndefined();
    expect(second(watch, { newContexts: 100 })).toBe('contexts');
  });

  it('that is not asked for finds nothing; after a save there is a pause', () => {
    const watch = triggers({ triggers: ['drop'] });
    second(watch, {});
    expect(second(watch, { lines: 100, rejected: 100 })).toBeUndefined();
    expect(second(watch, { dropped: 1 })).toBe('drop');
    for (let i = 0; i < 59; i++) expect(second(watch, { dropped: 1 })).toBeUndefined();
    expect(second(watch, { dropped: 1 })).toBe('drop');
    expect(saved).toEqual(['drop', 'drop']);
  });

  it('keeps the newest files, and no others than its own are removed', async () => {
    const directory = mkdtempSync(join(folder, 'own-'));
    writeFileSync(join(directory, 'notes.txt'), '');
    const watch = triggers({ pause_seconds: 1, directory });
    second(watch, {});
    for (let i = 0; i < 4; i++) {
      // The oldest goes in the same turn in which the log says it.
      const isSaved = new Promise<void>((resolve) => {
        onSaved = (path) => path.startsWith(directory) && resolve();
      });
      expect(second(watch, { dropped: 1 })).toBe('drop');
      await isSaved;
    }
    const files = readdirSync(directory).sort();
    expect(files).toEqual([
      'notes.txt',
      'whippet-2023-11-14T22-13-24.000Z-drop.dog',
      'whippet-2023-11-14T22-13-25.000Z-drop.dog',
    ]);
  });
});
