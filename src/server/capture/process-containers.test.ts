import { expect, it } from 'vitest';
import { containerOf } from './process-containers.ts';

const ID = '0123456789abcdef'.repeat(4);
const of = (text: string): string | undefined => containerOf(7, () => text);

it.each([
  [`0::/system.slice/docker-${ID}.scope\n`, ID],
  [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`, ID],
  [`4:cpu:/x\n3:memory:/docker/${ID}\n`, ID],
  ['0::/ecs/task/0123456789abcdef0123456789abcdef-1234567890', '0123456789abcdef0123456789abcdef-1234567890'],
  ['0::/garden/01234567-89ab-cdef-0123-4567', '01234567-89ab-cdef-0123-4567'],
  ['0::/kubepods/pod01234567-89ab-cdef-0123-456789abcdef', undefined],
  [`0::/crio-conmon-${ID}.scope`, undefined],
  [`0::/${ID}.mount`, undefined],
  [`4:cpu:/docker/${ID}`, undefined],
  ['0::/user.slice', undefined],
  ['', undefined],
])('%j is of container %s', (text, want) => {
  expect(of(text)).toBe(want);
});

it('of a process that is gone there is none', () => {
  const gone = (): string => {
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  };
  expect(containerOf(7, gone)).toBeUndefined();
});
