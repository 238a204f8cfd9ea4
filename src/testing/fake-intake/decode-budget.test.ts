/** What small bodies may cost: each of these unpacks to millions of items. In processor time, as the machine may be busy. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countJsonValues, DecodeBudget, type Reading, VALUES_MAX } from './decode-budget.ts';
import { type FakeIntake, startFakeIntake } from './fake-intake.ts';

const MIB = 1024 * 1024;
const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';

let intake: FakeIntake;
beforeAll(async () => {
  intake = await startFakeIntake();
});
afterAll(() => intake.close());

function post(path: string, body: Buffer, type: string): Promise<number> {
  return postPacked(path, gzipSync(body, { level: 9 }), type);
}

async function postPacked(path: string, body: Buffer, type: string): Promise<number> {
  const headers = { 'content-type': type, 'content-encoding': 'gzip', 'dd-api-key': 'k' };
  const response = await fetch(intake.url + path, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}

/** The dearest takes 1.5 s on a slow machine at rest, and took 2.6 s on a busy one. */
const PROCESSOR_SECONDS_MAX = 8;

const repeat = (start: string, item: string, end: string, bytes: number): Buffer =>
  Buffer.from(start + `${item},`.repeat(bytes / (item.length + 1)) + item + end);

describe('a small body that unpacks to millions of values is refused before it has cost much', () => {
  it.each([
    [
      'series of version 1 that are empty maps',
      '/api/v1/series',
      repeat('{"series":[', '{}', ']}', 12 * MIB),
      JSON_TYPE,
    ],
    [
      'tags that are numbers',
      '/api/v1/series',
      repeat('{"series":[{"metric":"a","points":[],"tags":[', '1', ']}]}', 3 * MIB),
      JSON_TYPE,
    ],
    [
      'points that are numbers',
      '/api/v2/series',
      repeat('{"series":[{"metric":"a","points":[', '1', ']}]}', 4 * MIB),
      JSON_TYPE,
    ],
    ['checks that are numbers', '/api/v1/check_run', repeat('[', '0', ']', 12 * MIB), JSON_TYPE],
    ['events that are lists', '/intake/', repeat('{"events":{"a":[', '[]', ']}}', 12 * MIB), JSON_TYPE],
    ['lists in lists', '/api/v1/check_run', Buffer.alloc(12 * MIB, '['), JSON_TYPE],
    ['empty series', '/api/v2/series', Buffer.alloc(5 * MIB - 2, Buffer.from([0x0a, 0])), PROTOBUF],
    ['empty sketches', '/api/beta/sketches', Buffer.alloc(12 * MIB, Buffer.from([0x0a, 0])), PROTOBUF],
    ['unknown fields', '/api/beta/sketches', Buffer.alloc(12 * MIB, Buffer.from([0x78, 0])), PROTOBUF],
  ])('%s', async (_, path, body, type) => {
    const packed = gzipSync(body, { level: 9 });
    const before = process.cpuUsage();
    expect(await postPacked(path, packed, type)).toBeGreaterThanOrEqual(400);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(PROCESSOR_SECONDS_MAX);
  });

  it('keeps answering others meanwhile', async () => {
    const item = '{"metric":"a","points":[[1,2]],"tags":["env:prod"]}';
    const slow = post('/api/v1/series', repeat('{"series":[', item, ']}', 5 * MIB), JSON_TYPE);
    let turns = 0;
    let isDone = false;
    void slow.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      expect((await fetch(`${intake.url}/fakeintake/health`)).status).toBe(200);
      turns++;
    }
    expect(await slow).toBe(200);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('DecodeBudget', () => {
  it('ends a reading that takes too long', async () => {
    const endless = (function* (): Reading<never> {
      for (;;) yield;
    })();
    await expect(new DecodeBudget(30).run(endless)).rejects.toMatchObject({ status: 413 });
  });
  it('counts up to its limit', () => {
    const budget = new DecodeBudget();
    budget.spend(VALUES_MAX);
    expect(() => budget.spend(1)).toThrow(`the body holds more than ${VALUES_MAX} values`);
  });
  it.each([
    ['[]', 2],
    ['{"a":[1,2,{"b":"c"}]}', 6],
    ['"a,b[{"', 1],
    ['"a\\\\",1', 2],
    ['"a\\",1"', 1],
  ])('%s counts as %i values', (text, want) => expect(countJsonValues(Buffer.from(text))).toBe(want));
});
