import { describe, expect, it } from 'vitest';
import { PayloadStore, type StoredPayload } from './payload-store.ts';

const payload = (path: string, receivedAt: number, bytes = 10): StoredPayload => ({
  path,
  receivedAt,
  apiKey: '',
  contentType: '',
  contentEncoding: '',
  body: Buffer.alloc(bytes),
});

describe('PayloadStore', () => {
  it('lists the payloads of the paths asked for, oldest first', () => {
    const store = new PayloadStore({ bytesMax: 1e6, retentionMs: 1e6, clock: () => 0 });
    for (const [i, path] of ['/a', '/b', '/a', '/c'].entries()) store.add(payload(path, i));
    expect(store.list(['/a', '/c']).map(({ receivedAt }) => receivedAt)).toEqual([0, 2, 3]);
    expect([...store.countsByPath()]).toEqual([
      ['/a', 2],
      ['/b', 1],
      ['/c', 1],
    ]);
  });

  it('forgets payloads after their time', () => {
    let now = 0;
    const store = new PayloadStore({ bytesMax: 1e6, retentionMs: 100, clock: () => now });
    store.add(payload('/a', 0));
    now = 100;
    expect(store.list(['/a'])).toHaveLength(1);
    now = 101;
    expect(store.list(['/a'])).toHaveLength(0);
  });

  it('lets the oldest go when there is no room, and counts them', () => {
    const store = new PayloadStore({ bytesMax: 5000, retentionMs: 1e6, clock: () => 0 });
    for (let i = 0; i < 10; i++) store.add(payload('/a', i, 1000));
    expect(store.list(['/a']).map(({ receivedAt }) => receivedAt)).toEqual([7, 8, 9]);
    expect(store.evicted).toBe(7);
  });

  it('keeps nothing that is larger than all its room', () => {
    const store = new PayloadStore({ bytesMax: 100, retentionMs: 1e6, clock: () => 0 });
    store.add(payload('/a', 0, 1000));
    expect(store.list(['/a'])).toEqual([]);
    expect(store.evicted).toBe(1);
  });

  it('counts paths beyond its limit together', () => {
    const store = new PayloadStore({ bytesMax: 1e9, retentionMs: 1e6, clock: () => 0 });
    for (let i = 0; i < 1500; i++) store.add(payload(`/${i}`, 0));
    expect(store.countsByPath().size).toBe(1001);
    expect(store.countsByPath().get('(other)')).toBe(500);
  });

  it('is empty after clear()', () => {
    const store = new PayloadStore({ bytesMax: 1e6, retentionMs: 1e6, clock: () => 0 });
    store.add(payload('/a', 0));
    store.clear();
    expect(store.list(['/a'])).toEqual([]);
    expect(store.countsByPath().size).toBe(0);
  });
});
