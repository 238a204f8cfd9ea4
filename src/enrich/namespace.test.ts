import { expect, it } from 'vitest';
import { addNamespace, compileNamespace, DEFAULT_NAMESPACE_EXEMPTIONS } from './namespace.ts';

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
names('ns', DEFAULT_NAMESPACE_EXEMPTIONS, 'jvm.heap', 'jvm.heap');
names('ns', [''], 'a', 'a');
