import { expect, it } from 'vitest';
import { TagStore } from '../tag-store.ts';
import { NameRules } from '../tags/names-as-tags.ts';
import type { PodFacts } from './pod.ts';
import { PodWriter } from './pod-writer.ts';

function pod(uid: string): PodFacts {
  return {
    ...{
      uid,
      name: uid,
      namespace: 'prod',
      phase: 'Running',
      priorityClass: '',
      qosClass: '',
      runtimeClass: '',
    },
    ...{ labels: {}, annotations: {}, owners: [], containers: [] },
  };
}

it('keeps no more pods than its limit, and takes others when some have ended', () => {
  const store = new TagStore({ clock: () => 0 });
  const rules = { labels: new NameRules(), annotations: new NameRules(), variables: new NameRules() };
  const writer = new PodWriter({
    ...{ store, writer: store.writer('kubelet'), rules, separators: {}, podsMax: 2 },
  });
  const has = (uid: string): boolean => store.has(`kubernetes_pod_uid://${uid}`);
  writer.write([pod('a'), pod('b'), pod('c')]);
  writer.set(pod('a'));
  expect([has('a'), has('b'), has('c'), writer.counts.refusedPods]).toEqual([true, true, false, 1]);
  writer.write([pod('b'), pod('c')]);
  expect([has('c'), writer.counts.refusedPods]).toEqual([true, 1]);
  writer.end('b');
  writer.set(pod('d'));
  expect([has('d'), writer.counts.refusedPods]).toEqual([true, 1]);
});
