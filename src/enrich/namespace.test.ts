import { expect, it } from 'vitest';
import { NAMESPACE_EXEMPTIONS } from '../model/namespace-exemptions.ts';
import { addNamespace, compileNamespace } from './namespace.ts';

const names = (namespace: string, exemptions: readonly string[], name: string, want: string) =>
  it(`with namespace "${namespace}", ${name} becomes ${want}`, () =>
    expect(addNamespace(compileNamespace(namespace, exemptions), name)).toBe(want));

names('ns', [], 'a', 'ns.a');
names('ns.', [], 'a', 'ns.a');
names('ns..', [], 'a', 'ns..a');
names('ns', [], 'ns.a', 'ns.ns.a');
names('ns', [], '', 'ns.');
names('é', [], 'a', '\xc3\xa9.a');
names('ns', ['kafka'], 'my.kafka', 'ns.my.kafka');
names('ns', ['kafka.'], 'kafka', 'ns.kafka');

names('', ['kafka'], 'a', 'a');
names('ns', ['kafka'], 'kafka', 'kafka');
names('ns', ['kafka'], 'kafkaesque.x', 'kafkaesque.x');
names('ns', NAMESPACE_EXEMPTIONS, 'jvm.heap', 'jvm.heap');
names('ns', [''], 'a', 'a');
