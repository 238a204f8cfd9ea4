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

const VERSION = '4.1.0';
const CACHE = fileURLToPath(new URL(`../../.setup/kafka-${VERSION}`, import.meta.url));
const CLUSTER_ID = 'whippettestcluster0000';
const START_MS = 60_000;
const MAVEN_MS = 300_000;

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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Node {
  readonly id: number;
  readonly folder: string;
  readonly port: number;
  process: ChildProcess | undefined;
}

export class KafkaCluster {
  private readonly libs: string;
  private readonly folder: string;
  private readonly nodes: Node[];

  private constructor(libs: string, folder: string, nodes: Node[]) {
    this.libs = libs;
    this.folder = folder;
    this.nodes = nodes;
  }

  static async start(size = 1): Promise<KafkaCluster> {
    const libs = await classPath();
    const folder = mkdtempSync(join(tmpdir(), 'whippet-kafka-'));
    const ports = await Promise.all(Array.from({ length: size * 2 }, freePort));
    const voters = Array.from({ length: size }, (_, i) => `${i + 1}@127.0.0.1:${ports[size + i]}`).join(',');
    const nodes = Array.from({ length: size }, (_, i): Node => {
      const node = {
        id: i + 1,
        folder: join(folder, `node-${i + 1}`),
        port: ports[i] as number,
        process: undefined,
      };
      mkdirSync(node.folder);
      writeFileSync(
        join(node.folder, 'server.properties'),
        properties(node, voters, ports[size + i] as number, size),
      );
      return node;
    });
    const cluster = new KafkaCluster(libs, folder, nodes);
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
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`);
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
    await run('java', args, { timeout: START_MS });
  }

  private node(id: number): Node {
    const node = this.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }
}

function properties(
  { id, folder, port }: Node,
  voters: string,
  controllerPort: number,
  size: number,
): string {
  const replication = Math.min(3, size);
  return `
process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${voters}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(folder, 'logs')}
offsets.topic.replication.factor=${replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=${replication}
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
`;
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
