/** The files of deploy/ that docs/global.md tells people to run: YAML that Docker and whippet accept, and that fits together. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import yaml from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/load.ts';

const FOLDER = fileURLToPath(new URL('../deploy/global/', import.meta.url));
/** Duplicate keys are an error. */
const parse = (text: string): object => yaml.load(text) as object;
const read = (name: string): string => readFileSync(`${FOLDER}${name}`, 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile_inline: string };
  readonly command?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const BROKERS = ['kafka-1', 'kafka-2', 'kafka-3'];

const compose = yaml.load(read('compose.yaml')) as Compose;
const services = Object.entries(compose.services);

describe('deploy/global/compose.yaml', () => {
  it('has three brokers, edges and one server that merges, each with its own data', () => {
    expect(Object.keys(compose.services)).toEqual([...BROKERS, 'edge-1', 'edge-2', 'global']);
    const data = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter((volume) => !volume.startsWith('.')).map((volume) => volume.split(':')[0]),
    );
    expect(data.toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
    // Two edges of one id would look like one that repeats itself.
    expect(new Set(data).size).toBe(data.length);
  });

  it.each(
    services,
  )('%s mounts files that exist, waits for services that exist, and publishes ports once', (_, service) => {
    expect(service.image).toMatch(/^[a-z/]+(:[\d.]+)?$/);
    for (const name of service.depends_on ?? []) expect(compose.services).toHaveProperty(name);
    for (const volume of (service.volumes ?? []).filter((one) => one.startsWith('.'))) {
      const [from = '', to, how] = volume.split(':');
      expect(existsSync(`${FOLDER}${from}`), from).toBe(true);
      expect(service.command).toContain(to);
      expect(how).toBe('ro');
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^\d+:\d+(\/udp)?$/);
  });

  it('publishes no port twice', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []).map((port) => port.split(':')[0]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('names the brokers as the configuration of the servers does, and has as many as there are replicas', () => {
    const environments = BROKERS.map((name) => (compose.services[name] as Service).environment ?? {});
    const advertised = environments.map((of) => String(of.KAFKA_ADVERTISED_LISTENERS));
    for (const name of ['edge.yaml', 'global.yaml']) {
      const { kafka } = loadConfig({ values: parse(read(name)) }).config.global;
      expect(advertised).toEqual(kafka.brokers.map((broker) => `PLAINTEXT://${broker}`));
      expect(kafka.replication_factor).toBe(BROKERS.length);
      expect(kafka.min_insync_replicas).toBe(2);
    }
    const voters = BROKERS.map((name, i) => `${environments[i]?.KAFKA_NODE_ID}@${name}:9093`).join();
    for (const environment of environments) expect(environment.KAFKA_CONTROLLER_QUORUM_VOTERS).toBe(voters);
  });

  it.each(BROKERS)('%s has the listeners of its roles', (name) => {
    const { environment = {} } = compose.services[name] as Service;
    const listeners = String(environment.KAFKA_LISTENERS)
      .split(',')
      .map((one) => one.split(':')[0]);
    const protocols = String(environment.KAFKA_LISTENER_SECURITY_PROTOCOL_MAP).split(',');
    expect(protocols.map((one) => one.split(':')[0]).toSorted()).toEqual(listeners.toSorted());
    expect(listeners).toContain(environment.KAFKA_CONTROLLER_LISTENER_NAMES);
  });
});

describe.each([
  ['edge.yaml', 'edge'],
  ['global.yaml', 'global'],
])('deploy/global/%s', (name, role) => {
  it('is a configuration without a warning', () => {
    const { config, warnings } = loadConfig({ values: { hostname: 'h', ...parse(read(name)) } });
    expect(warnings).toEqual([]);
    expect(config.global.role).toBe(role);
  });

  it('has what all servers of a fleet need to have in common', () => {
    const of = (file: string) => loadConfig({ values: parse(read(file)) }).config;
    const common = ({ global, bucket_seconds }: ReturnType<typeof of>) => [
      ...[global.topic, global.partitions, global.levels, global.hash_key, bucket_seconds],
      ...[global.kafka.replication_factor, global.kafka.min_insync_replicas],
    ];
    expect(common(of(name))).toEqual(common(of('edge.yaml')));
  });
});

describe('docs/global.md', () => {
  const document = readFileSync(new URL('../docs/global.md', import.meta.url), 'utf8');
  const blocks = [...document.matchAll(/^ *```yaml\n(.*?)^ *```$/gms)].map(([, block = '']) => block);

  it.each(blocks)('has a configuration that is accepted: %s', (block) => {
    const values = parse(block) as { readonly global: { readonly role: string; readonly kafka?: object } };
    const { role, kafka = { brokers: ['kafka-1:9092'] } } = values.global;
    const { config, warnings } = loadConfig({
      values: { hostname: 'h', ...values, global: { ...values.global, kafka } },
    });
    expect(warnings).toEqual([]);
    expect(config.global.role).toBe(role);
  });

  it('has four of them', () => expect(blocks).toHaveLength(4));
});
