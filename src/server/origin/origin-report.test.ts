import { describe, expect, it } from 'vitest';
import { renderOrigins } from '../../cli/origin/origin-command.ts';
import { painter } from '../../lib/text/paint.ts';
import type { ProcessAnswer } from '../../origin/process/process-resolver.ts';
import { TagStore } from '../../origin/tag-store.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { type OriginReportParts, reportOrigins } from './origin-report.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

function parts(changes: Partial<OriginReportParts> = {}, answer: ProcessAnswer = { kind: 'host' }) {
  const clock = { now: 0 };
  const store = new TagStore({ clock: () => clock.now });
  const writer = store.writer('docker');
  const none = { orchestrator: [], standard: [] };
  writer.set('container', `container_id://${A}`, {
    ...none,
    low: ['image:web'],
    high: ['container_name:web-1'],
  });
  writer.set('container', `container_id://${B}`, { ...none, low: ['image:db'], high: [] });
  writer.end(`container_id://${B}`);
  clock.now = 5000;
  const { counters } = new ControlWord(makeControlBuffer());
  const all: OriginReportParts = {
    config: {
      dogstatsd_origin_detection: true,
      dogstatsd_origin_detection_client: false,
      origin_detection_unified: false,
      dogstatsd_tag_cardinality: 'low',
    },
    ...{ store, processes: { resolve: () => answer }, threads: [counters], hasSystemCalls: true },
    collectors: [
      { name: 'docker', status: 'running', detail: 'reads d.sock', remedy: '', entities: 2, counts: {} },
    ],
    ...changes,
  };
  return { all, counters };
}
const lines = (of: string, { all }: ReturnType<typeof parts>): string[] =>
  renderOrigins(reportOrigins(all, of, 20), of, painter(false));

describe('reportOrigins', () => {
  it.each([
    ['everything, the newest first', '', [B, A]],
    ['an id', A, [A]],
    ['a part of one', 'aaaa', [A]],
    ['a part of a tag', 'image:d', [B]],
    ['a tag of a higher level', 'web-1', [A]],
    ['nothing', 'zzz', []],
  ])('finds %s', (_, of, ids) => {
    const { entities, total } = reportOrigins(parts().all, of, 20);
    expect(entities.map(({ entity }) => entity)).toEqual(ids.map((id) => `container_id://${id}`));
    expect(total).toBe(ids.length);
  });

  it('lists as many as are asked for, and says how many there are', () => {
    expect(reportOrigins(parts().all, '', 1)).toMatchObject({ total: 2, omitted: 1, entities: [{}] });
  });

  it.each<[string, ProcessAnswer, string, number]>([
    ['in a container', { kind: 'container', containerId: A, by: 'cgroup2' }, 'it runs in a container', 1],
    [
      'in a container that nobody knows',
      { kind: 'container', containerId: 'x', by: 'pidfd' },
      'no collector',
      0,
    ],
    ['on the host', { kind: 'host' }, 'on the host', 0],
    ['that is gone', { kind: 'unknown', reason: 'gone' }, 'no such process', 0],
    ['that cannot be read', { kind: 'unknown', reason: 'unreadable' }, 'CAP_SYS_PTRACE', 0],
  ])('says of a process %s what is known', (_, answer, words, found) => {
    const report = reportOrigins(parts({}, answer).all, '4711', 20);
    expect(report.process?.answer).toContain(words);
    expect(report.entities).toHaveLength(found);
  });

  it('adds up the counters of all threads', () => {
    const { all, counters } = parts();
    counters.add('originPackets', 3);
    counters.add('originGaveUp', 2);
    expect(reportOrigins({ ...all, threads: [counters, counters] }, '', 0).senders).toMatchObject({
      packets: 6,
      gaveUp: 4,
    });
  });

  const off = {
    name: 'docker',
    status: 'off',
    detail: 'no socket',
    remedy: '',
    entities: 0,
    counts: {},
  } as const;
  const failing = { ...off, status: 'failing', detail: 'refused', remedy: 'start Docker' } as const;
  it.each<[string, Partial<OriginReportParts>, string, string]>([
    ['no system calls', { hasSystemCalls: false }, 'no socket says who sends here', 'koffi'],
    ['a collector that fails', { collectors: [failing] }, 'docker: refused', 'start Docker'],
    ['no collector', { collectors: [off] }, 'nobody knows the tags', 'mount the socket of Docker'],
  ])('names %s, with the remedy', (_, changes, problem, remedy) => {
    const { problems } = reportOrigins(parts(changes).all, '', 20);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toContain(problem);
    expect(problems[0]?.remedy).toContain(remedy);
  });

  it('names senders of a pid namespace that is not seen, and has no problem otherwise', () => {
    const { all, counters } = parts();
    expect(reportOrigins(all, '', 20).problems).toEqual([]);
    counters.add('originInvisible');
    counters.add('originErrors');
    expect(reportOrigins(all, '', 20).problems[0]?.remedy).toContain('hostPID');
    expect(reportOrigins(all, '', 20).problems).toHaveLength(1);
  });

  it('names senders that were gone, messages that gave up, and a collector that could find more', () => {
    const running = { ...failing, status: 'running', detail: 'its own task', remedy: 'use host' } as const;
    const { all, counters } = parts({ collectors: [running] });
    counters.add('originErrors', 4);
    counters.add('originInvisible', 1);
    counters.add('originGaveUp', 2);
    const { problems } = reportOrigins(all, '', 20);
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('not seen here (1 times)'),
      expect.stringContaining('were gone when they were looked up, or may not be read (3 times)'),
      'docker does not see everything: its own task',
      '2 messages went on without tags: nobody knew their container within 1.5 s',
    ]);
    for (const { remedy } of problems) expect(remedy).not.toBe('');
  });
});

describe('whippet origin', () => {
  it('shows collectors, senders and the newest containers', () => {
    expect(lines('', parts())).toEqual([
      'origin of senders on Unix sockets on, of client fields off',
      '  level low, origins add up',
      '',
      'docker          running   reads d.sock; 2 known',
      '',
      'packets with a container  0',
      'senders not found         0',
      'messages that wait        0',
      '  got their tags late     0',
      '  went on without         0',
      '',
      '2 containers and pods',
      '',
      `container_id://${B} (ended)`,
      '  image:db',
      `container_id://${A}`,
      '  image:web',
    ]);
  });

  it('shows all that is known of one', () => {
    const answer: ProcessAnswer = { kind: 'container', containerId: A, by: 'memory' };
    expect(lines('4711', parts({}, answer))).toEqual([
      'process 4711: it runs in a container, by its line memory of /proc/PID/cgroup',
      '',
      `container_id://${A}`,
      '  known for 5 s, generation 1',
      '  low',
      '    image:web',
      '  high',
      '    container_name:web-1',
      '  from docker (container), told 5 s ago',
    ]);
  });

  it('says that nothing fits, without the control characters of what was asked', () => {
    expect(lines('\x1b[2J', parts())[0]).not.toContain('\x1b');
  });
});
