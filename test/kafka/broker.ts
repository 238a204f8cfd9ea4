/**
 * A real Kafka as a process of its own: KRaft, one node or several, on loopback.
 *
 *   jars (Maven, once, kept in .setup) ─▶ format ─▶ start ─▶ port answers ─▶ kill -9, start again, …
 *
 * Needs Java 17 and Maven. Everything a node writes is in a temporary folder that goes away with dispose().
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Certificates } from '../support/certificates.ts';

const VERSION = '4.1.0';
const CACHE = fileURLToPath(new URL(`../../.setup/kafka-${VERSION}`, import.meta.url));
const CLUSTER_ID = 'whippettestcluster0000';
const START_MS = 240_000;
const MAVEN_MS = 600_000;

const run = promisify(execFile);

/** The class path of Kafka, downloaded when it is not there. */
async function classPath(): Promise<string> {
  const libs = join(CACHE, 'libs');
  if (!existsSync(libs)) {
    mkdirSync(CACHE, { recursive: true });
    const pom = join(CACHE, 'pom.xml');
    writeFileSync(
      pom,
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>whippet</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>${VERSION}</version></dependency></dependencies></project>`,
    );
    const target = join(CACHE, 'unfinished');
    const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${target}`];
    await run('mvn', args, { timeout: MAVEN_MS });
    renameSync(target, libs);
  }
  return join(libs, '*');
}

/** Held open together, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Listeners with TLS, with a login, and with both, beside the plain one. */
export interface Security {
  readonly certificates: Certificates;
  readonly username: string;
  readonly password: string;
}

export type ListenerName = 'PLAINTEXT' | 'TLS' | 'MUTUAL' | 'LOGIN' | 'TLSLOGIN';

const PROTOCOLS: Readonly<Record<ListenerName, string>> = {
  PLAINTEXT: 'PLAINTEXT',
  TLS: 'SSL',
  /** Asks the client for a certificate. */
  MUTUAL: 'SSL',
  LOGIN: 'SASL_PLAINTEXT',
  TLSLOGIN: 'SASL_SSL',
};
const PLAIN_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule';

interface Node {
  readonly id: number;
  readonly folder: string;
  readonly ports: ReadonlyMap<ListenerName, number>;
  readonly port: number;
  process: ChildProcess | undefined;
}

export interface ClusterOptions {
  readonly size?: number;
  readonly security?: Security;
}

export class KafkaCluster {
  private readonly libs: string;
  private readonly folder: string;
  private readonly nodes: Node[];
  private readonly security: Security | undefined;

  private constructor(libs: string, folder: string, nodes: Node[], security: Security | undefined) {
    this.libs = libs;
    this.folder = folder;
    this.nodes = nodes;
    this.security = security;
  }

  static async start({ size = 1, security }: ClusterOptions = {}): Promise<KafkaCluster> {
    const libs = await classPath();
    const folder = mkdtempSync(join(tmpdir(), 'whippet-kafka-'));
    const names = (security === undefined ? ['PLAINTEXT'] : Object.keys(PROTOCOLS)) as ListenerName[];
    const ports = await freePorts(size * (names.length + 1));
    const controllers = ports.splice(0, size);
    const voters = controllers.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(',');
    const nodes = controllers.map((controller, i): Node => {
      const own = new Map(names.map((name) => [name, ports.pop() as number] as const));
      const node = {
        id: i + 1,
        folder: join(folder, `node-${i + 1}`),
        ports: own,
        port: own.get('PLAINTEXT') as number,
        process: undefined,
      };
      mkdirSync(node.folder);
      const lines = properties(node, voters, controller, size);
      if (security !== undefined) lines.push(...secured(node, security));
      writeFileSync(join(node.folder, 'server.properties'), `${lines.join('\n')}\n`);
      return node;
    });
    const cluster = new KafkaCluster(libs, folder, nodes, security);
    try {
      for (const node of nodes) await cluster.format(node);
      await Promise.all(nodes.map((node) => cluster.startNode(node.id)));
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  get brokers(): string[] {
    return this.brokersOf('PLAINTEXT');
  }

  /** Under the name that the certificates are for. */
  brokersOf(listener: ListenerName, host = '127.0.0.1'): string[] {
    return this.nodes.map(({ ports }) => `${host}:${ports.get(listener)}`);
  }

  /** Starts a node, and waits until it answers. */
  async startNode(id = 1): Promise<void> {
    const node = this.node(id);
    const log = join(node.folder, 'out.log');
    const config = join(node.folder, 'server.properties');
    const command = `exec java -Xms128m -Xmx384m -cp '${this.libs}' kafka.Kafka '${config}' >> '${log}' 2>&1`;
    node.process = spawn('sh', ['-c', command], { stdio: 'ignore' });
    const until = Date.now() + START_MS;
    while (!(await answers(node.port))) {
      if (Date.now() > until || node.process.exitCode !== null)
        throw new Error(`Kafka did not start: ${readFileSync(log, 'utf8').slice(-2000)}`);
      await sleep(100);
    }
  }

  /** kill -9. */
  async killNode(id = 1): Promise<void> {
    const { process } = this.node(id);
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await ended;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map(({ id }) => this.killNode(id)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async format({ folder }: Node): Promise<void> {
    const config = join(folder, 'server.properties');
    const args = ['-cp', this.libs, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config];
    if (this.security !== undefined) {
      const { username, password } = this.security;
      for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
        args.push('--add-scram', `${mechanism}=[name=${username},password=${password}]`);
    }
    await run('java', args, { timeout: START_MS });
  }

  private node(id: number): Node {
    const node = this.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }
}

function properties(
  { id, folder, ports }: Node,
  voters: string,
  controllerPort: number,
  size: number,
): string[] {
  const replication = Math.min(3, size);
  const addresses = [...ports].map(([name, port]) => {
    const host = name.includes('TLS') || name === 'MUTUAL' ? 'localhost' : '127.0.0.1';
    return `${name}://${host}:${port}`;
  });
  const protocols = [...ports.keys()].map((name) => `${name}:${PROTOCOLS[name]}`);
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters}`,
    `listeners=${[...addresses, `CONTROLLER://127.0.0.1:${controllerPort}`].join(',')}`,
    `advertised.listeners=${addresses.join(',')}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `listener.security.protocol.map=${[...protocols, 'CONTROLLER:PLAINTEXT'].join(',')}`,
    `log.dirs=${join(folder, 'logs')}`,
    `offsets.topic.replication.factor=${replication}`,
    'offsets.topic.num.partitions=4',
    `transaction.state.log.replication.factor=${replication}`,
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'group.initial.rebalance.delay.ms=0',
  ];
}

function secured({ folder }: Node, { certificates, username, password }: Security): string[] {
  const { caFile, good } = certificates;
  const store = join(folder, 'key-and-certificate.pem');
  writeFileSync(store, Buffer.concat([good.key, good.cert, readFileSync(caFile)]));
  const listener = (name: string, key: string, value: string): string =>
    `listener.name.${name.toLowerCase()}.${key}=${value}`;
  const tls = ['TLS', 'MUTUAL', 'TLSLOGIN'].flatMap((name) => [
    listener(name, 'ssl.keystore.type', 'PEM'),
    listener(name, 'ssl.keystore.location', store),
    listener(name, 'ssl.truststore.type', 'PEM'),
    listener(name, 'ssl.truststore.location', caFile),
    listener(name, 'ssl.client.auth', name === 'MUTUAL' ? 'required' : 'none'),
  ]);
  const login = ['LOGIN', 'TLSLOGIN'].flatMap((name) => [
    listener(name, 'sasl.enabled.mechanisms', 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'),
    listener(name, 'plain.sasl.jaas.config', `${PLAIN_LOGIN} required user_${username}="${password}";`),
    listener(name, 'scram-sha-256.sasl.jaas.config', `${SCRAM_LOGIN} required;`),
    listener(name, 'scram-sha-512.sasl.jaas.config', `${SCRAM_LOGIN} required;`),
  ]);
  return [...tls, ...login];
}

/** Whether somebody accepts connections on a port. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
