import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIdentity } from './edge-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-identity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the identity of an edge', () => {
  it('keeps its id over starts, and its epoch grows', async () => {
    const first = await readIdentity(join(folder, 'new', 'deep'), 1000);
    const second = await readIdentity(join(folder, 'new', 'deep'), 2000);
    expect(first.id).toHaveLength(16);
    expect(second.id).toBe(first.id);
    expect([first.epoch, second.epoch]).toEqual([1000, 2000]);
  });

  it('has a later epoch even when the clock has gone back', async () => {
    await readIdentity(folder, 5000);
    expect((await readIdentity(folder, 10)).epoch).toBe(5001);
    expect((await readIdentity(folder, 10)).epoch).toBe(5002);
  });

  it('is a new one each time without a folder', async () => {
    const [a, b] = [await readIdentity('', 1), await readIdentity('', 1)];
    expect(a.id).not.toBe(b.id);
    expect(a.id).toHaveLength(16);
  });

  it.each([
    ['cut off', '{"id":"4f'],
    ['of another form', '{"id":"short","epoch":1}'],
    ['without an epoch', `{"id":"${'a'.repeat(32)}"}`],
    ['with an epoch that is no number', `{"id":"${'a'.repeat(32)}","epoch":null}`],
  ])('is a new one when the file is %s, and the file is whole again', async (_, text) => {
    writeFileSync(join(folder, 'edge.json'), text);
    const { id } = await readIdentity(folder, 1);
    expect(Buffer.from(id, 'latin1').toString('hex')).not.toBe('a'.repeat(32));
    expect((await readIdentity(folder, 2)).id).toBe(id);
    expect(JSON.parse(readFileSync(join(folder, 'edge.json'), 'utf8'))).toEqual({
      id: Buffer.from(id, 'latin1').toString('hex'),
      epoch: 2,
    });
  });

  it('is refused when the folder cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    await expect(readIdentity(join(file, 'below'), 1)).rejects.toThrow('ENOTDIR');
  });
});
