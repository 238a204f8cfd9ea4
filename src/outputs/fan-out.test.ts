import { describe, expect, it } from 'vitest';
import { aggregate, Contexts, checkOf, eventOf } from '../../test/support/decode/aggregates.ts';
import type { Log } from '../lib/log.ts';
import type { Context } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import { CumulativeTable } from './cumulative/cumulative-table.ts';
import { FanOut } from './fan-out.ts';
import type { DeliveryReport, Output } from './output.ts';

const FLUSH = { at: 10, interval: 10, final: false };
const contexts = new Contexts();
const batch = (count: number): Aggregate[] =>
  Array.from({ length: count }, (_, i) =>
    aggregate(contexts.create(`m${i}`, 'counter'), { kind: 'counter', sum: 1 }),
  );

/** An output that takes notes. */
class Notes implements Output {
  readonly name: string;
  readonly retentionSeconds: number;
  readonly notes: string[] = [];

  constructor(name: string, retentionSeconds = 0) {
    this.name = name;
    this.retentionSeconds = retentionSeconds;
  }

  begin(): void {
    this.notes.push('begin');
  }
  write(aggregates: readonly Aggregate[]): void {
    this.notes.push(`write ${aggregates.length}`);
  }
  end(): void {
    this.notes.push('end');
  }
  event({ title }: { title: string }, at: number): void {
    this.notes.push(`event ${title} ${at}`);
  }
  serviceCheck({ name }: { name: string }, at: number): void {
    this.notes.push(`check ${name} ${at}`);
  }
  forget(ids: readonly number[]): void {
    this.notes.push(`forget ${ids.join()}`);
  }
  async close(deadlineMs: number): Promise<DeliveryReport> {
    this.notes.push(`close ${deadlineMs}`);
    return { undelivered: 1, reason: `${this.name} is slow` };
  }
}

class Broken extends Notes {
  override write(): void {
    throw new Error('a bug');
  }
}

function makeFanOut(...outputs: Output[]) {
  const errors: object[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object) => void errors.push(fields),
  };
  return { fanOut: new FanOut(outputs, log), errors };
}

const NO_LOG: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('a fan-out', () => {
  it('gives every flush to every output, batch by batch', async () => {
    const [a, b] = [new Notes('a'), new Notes('b')];
    const { fanOut } = makeFanOut(a, b);
    expect(await fanOut.deliver(FLUSH, [batch(2), batch(3)])).toBe(5);
    expect(a.notes).toEqual(['begin', 'write 2', 'write 3', 'end']);
    expect(b.notes).toEqual(a.notes);
  });

  it('tells a flush without aggregates too', async () => {
    const a = new Notes('a');
    await makeFanOut(a).fanOut.deliver(FLUSH, []);
    expect(a.notes).toEqual(['begin', 'end']);
  });

  it('lets others run between two batches', async () => {
    const a = new Notes('a');
    const { fanOut } = makeFanOut(a);
    setImmediate(() => a.notes.push('someone else'));
    await fanOut.deliver(FLUSH, [batch(1), batch(1)]);
    expect(a.notes).toEqual(['begin', 'write 1', 'someone else', 'write 1', 'end']);
  });

  it('names a metric once that several outputs have', () => {
    const of = (name: string, value: number) => ({
      metrics: () => [
        {
          name: 'whippet_x_total',
          help: '.',
          type: 'counter' as const,
          samples: [{ labels: { output: name }, value }],
        },
      ],
    });
    const { fanOut } = makeFanOut(
      Object.assign(new Notes('a'), of('a', 1)),
      Object.assign(new Notes('b'), of('b', 2)),
    );
    const [, ...others] = fanOut.metrics();
    expect(others.map(({ name, samples }) => [name, samples.map(({ value }) => value)])).toEqual([
      ['whippet_x_total', [1, 2]],
    ]);
  });

  it('gives events and checks to every output', () => {
    const a = new Notes('a');
    const { fanOut } = makeFanOut(a);
    fanOut.event(eventOf('deploy'), 5);
    fanOut.serviceCheck(checkOf('db.up'), 6);
    expect(a.notes).toEqual(['event deploy 5', 'check db.up 6']);
  });

  it('tells what a batch has forgotten before anyone else runs, as ids are used again', async () => {
    const a = new Notes('a');
    const forgotten: number[] = [];
    function* batches() {
      yield batch(1);
      forgotten.push(3, 4);
      setImmediate(() => a.notes.push('someone else'));
      yield [];
      forgotten.push(5);
      yield [];
    }
    await makeFanOut(a).fanOut.deliver(FLUSH, batches(), forgotten);
    expect(a.notes).toEqual(['begin', 'write 1', 'forget 3,4', 'someone else', 'forget 5', 'end']);
  });

  it('adds each bucket to the running totals before outputs read them, and forgets contexts after', async () => {
    const cumulative = new CumulativeTable({ expirySeconds: 300, keepsBins: false });
    const totals: number[] = [];
    class Reader extends Notes {
      readonly cumulative = cumulative;
      override write(part: readonly Aggregate[]): void {
        for (const { context } of part) totals.push(cumulative.value[context.id] as number);
      }
      override forget(ids: readonly number[]): void {
        for (const id of ids) totals.push(cumulative.value[id] as number);
      }
    }
    const context: Context = { id: 7, name: 'hits', type: 'counter', host: '', tags: [] };
    const bucket = (timestamp: number, sum: number): Aggregate => ({
      ...{ context, timestamp, interval: 10, data: { kind: 'counter', sum }, series: [] },
    });
    const forgotten: number[] = [];
    function* batches() {
      yield [bucket(1000, 1), bucket(1010, 2)];
      yield [bucket(1020, 4)];
      forgotten.push(7);
      yield [];
    }
    const { fanOut } = makeFanOut(new Reader('one'), new Reader('two'));
    expect(await fanOut.deliver(FLUSH, batches(), forgotten)).toBe(3);
    expect(totals).toEqual([1, 1, 3, 3, 7, 7, 7, 7]);
    expect(cumulative.has(7)).toBe(false);
  });

  it('keeps a broken output from the others, says so once and counts', async () => {
    const [broken, sound] = [new Broken('broken'), new Notes('sound')];
    const { fanOut, errors } = makeFanOut(broken, sound);
    await fanOut.deliver(FLUSH, [batch(1), batch(1)]);
    await fanOut.deliver(FLUSH, [batch(1)]);
    expect(sound.notes.filter((note) => note === 'write 1')).toHaveLength(3);
    expect(errors).toMatchObject([{ output: 'broken' }]);
    const failures = fanOut.metrics().find(({ name }) => name === 'whippet_outputs_failures_total');
    expect(failures?.samples).toEqual([
      { labels: { output: 'broken' }, value: 3 },
      { labels: { output: 'sound' }, value: 0 },
    ]);
  });

  it('skips what an output does not have', async () => {
    const plain: Output = {
      name: 'plain',
      retentionSeconds: 0,
      write: () => undefined,
      close: async () => ({ undelivered: 0 }),
    };
    const { fanOut, errors } = makeFanOut(plain);
    await fanOut.deliver(FLUSH, [batch(1)], [1]);
    fanOut.event(eventOf('deploy'), 5);
    expect(errors).toEqual([]);
  });

  it('waits for a stuck output in one flush, and not again until it was seen idle', async () => {
    let [isStuck, asked] = [true, 0];
    const stuck: Output = Object.assign(new Notes('stuck'), {
      isBusy: () => {
        asked++;
        return isStuck;
      },
    });
    const fanOut = new FanOut([stuck, new Notes('sound')], NO_LOG, 20);
    const flush = async (): Promise<number> => {
      asked = 0;
      await fanOut.deliver(FLUSH, [batch(1), batch(1), batch(1)]);
      return asked;
    };
    expect(await flush()).toBeGreaterThan(5);
    expect(await flush()).toBe(1);
    expect(await flush()).toBe(1);
    isStuck = false;
    await flush();
    isStuck = true;
    expect(await flush()).toBeGreaterThan(5);
  });

  it('tells how outputs and their receivers are', () => {
    const output: Output = Object.assign(new Notes('a'), {
      status: () => [{ endpoint: 'x' }],
      health: () => ({ healthy: false, detail: 'no key' }),
    });
    const { fanOut } = makeFanOut(output, new Notes('b'));
    expect(fanOut.status()).toEqual([
      { name: 'a', endpoints: [{ endpoint: 'x' }] },
      { name: 'b', endpoints: [] },
    ]);
    expect(fanOut.health()).toEqual([{ name: 'a', healthy: false, detail: 'no key' }]);
  });

  it('hands on what outputs tell about themselves', () => {
    const own = { name: 'whippet_notes', help: 'Notes.', type: 'gauge', samples: [] } as const;
    const telling: Output = Object.assign(new Notes('telling'), { metrics: () => [own] });
    expect(makeFanOut(telling, new Notes('silent')).fanOut.metrics()).toContain(own);
  });

  it('keeps contexts for as long as the neediest output wants', () => {
    expect(makeFanOut().fanOut.retentionSeconds).toBe(0);
    expect(makeFanOut(new Notes('a', 5), new Notes('b', 300)).fanOut.retentionSeconds).toBe(300);
  });

  it('closes all outputs and hands on what each could not deliver', async () => {
    const { fanOut } = makeFanOut(new Notes('a'), new Notes('b'));
    expect(await fanOut.close(100)).toEqual([
      { undelivered: 1, reason: 'a is slow' },
      { undelivered: 1, reason: 'b is slow' },
    ]);
  });
});
