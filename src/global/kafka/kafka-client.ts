/**
 * The part of @platformatic/kafka that is used, as types of our own, and how the package is loaded.
 *
 * It is an optional peer dependency: who does not use global aggregation does not install it. Versions 1.22.x, the last ones
 * whose dependencies install on Node 20 (docs/decisions/kafka-client.md).
 *
 * What we know about it, each with a test (kafka tests):
 *   - a second transactional producer of the same id is fenced instead of the first, because it asks for producer id 0;
 *   - with READ_COMMITTED it returns records of transactions that were aborted.
 * So no transactions: order and durability of one partition carry everything.
 */

export const KAFKA_PACKAGE = '@platformatic/kafka';
export const KAFKA_PACKAGE_VERSION = '1.22';

export interface KafkaBroker {
  readonly host: string;
  readonly port: number;
}

export interface KafkaMetadata {
  readonly brokers: ReadonlyMap<number, KafkaBroker>;
  readonly topics: ReadonlyMap<
    string,
    {
      readonly id: string;
      readonly partitions: readonly { readonly leader: number; readonly replicas: readonly number[] }[];
    }
  >;
}

export interface KafkaOptions {
  readonly clientId: string;
  readonly bootstrapBrokers: readonly string[];
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly tls?: object | undefined;
  readonly tlsServerName?: boolean | undefined;
  readonly sasl?:
    | { readonly mechanism: string; readonly username: string; readonly password: string }
    | undefined;
}

export interface KafkaBase {
  metadata(options: { readonly topics: string[]; readonly forceUpdate?: boolean }): Promise<KafkaMetadata>;
  connectToBrokers(nodes?: number[] | null): Promise<ReadonlyMap<number, object>>;
  on(event: string, listener: (payload: unknown) => void): unknown;
}

export interface KafkaProducer extends KafkaBase {
  send(options: {
    readonly messages: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly value: Uint8Array;
    }[];
  }): Promise<{
    readonly offsets?: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly offset: bigint;
    }[];
  }>;
  close(): Promise<void>;
}

export interface KafkaRecordsBatch {
  readonly firstOffset: bigint;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly lastOffsetDelta: number;
  readonly records: readonly {
    readonly timestampDelta: bigint;
    readonly offsetDelta: number;
    readonly value: Buffer;
  }[];
}

export interface KafkaFetchPartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly records?: readonly KafkaRecordsBatch[];
}

export interface KafkaFetchResponse {
  readonly responses: readonly {
    readonly topicId: string;
    readonly partitions: readonly KafkaFetchPartition[];
  }[];
}

export interface KafkaConsumer extends KafkaBase {
  readonly topics: { track(topic: string): boolean };
  readonly lastHeartbeat: Date | null;
  fetch(options: {
    readonly node: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly maxWaitTime: number;
    readonly topics: readonly {
      readonly topicId: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly currentLeaderEpoch: number;
        readonly fetchOffset: bigint;
        readonly lastFetchedEpoch: number;
        readonly partitionMaxBytes: number;
      }[];
    }[];
  }): Promise<KafkaFetchResponse>;
  listOffsets(options: {
    readonly topics: string[];
    readonly partitions?: Record<string, number[]>;
    readonly timestamp?: bigint;
  }): Promise<ReadonlyMap<string, readonly bigint[]>>;
  joinGroup(options: object): Promise<string>;
  close(force?: boolean): Promise<void>;
}

export interface KafkaAdmin extends KafkaBase {
  createTopics(options: {
    readonly topics: string[];
    readonly partitions: number;
    readonly replicas: number;
    readonly configs: readonly { readonly name: string; readonly value: string }[];
  }): Promise<unknown>;
  close(): Promise<void>;
}

export interface KafkaModule {
  readonly Producer: new (
    options: KafkaOptions & { idempotent: boolean; compression?: string },
  ) => KafkaProducer;
  readonly Consumer: new (
    options: KafkaOptions & {
      groupId: string;
      sessionTimeout?: number;
      rebalanceTimeout?: number;
      heartbeatInterval?: number;
    },
  ) => KafkaConsumer;
  readonly Admin: new (options: KafkaOptions) => KafkaAdmin;
  readonly describeConfigsV4: {
    readonly api: {
      async(
        connection: object,
        resources: readonly {
          readonly resourceType: number;
          readonly resourceName: string;
          readonly configurationKeys: readonly string[];
        }[],
        includeSynonyms: boolean,
        includeDocumentation: boolean,
      ): Promise<{
        readonly results: readonly {
          readonly resourceName: string;
          readonly configs: readonly { readonly name: string; readonly value: string | null }[];
        }[];
      }>;
    };
  };
}

/** The package is not there, or cannot be used. */
export class KafkaMissingError extends Error {
  readonly code = 'ERR_GLOBAL_KAFKA_MISSING';
}

export async function loadKafka(): Promise<KafkaModule> {
  try {
    // The name is a value, so that types and bundles do without the package.
    return (await import(/* @vite-ignore */ KAFKA_PACKAGE)) as KafkaModule;
  } catch (cause) {
    throw new KafkaMissingError(
      `global.role needs the package ${KAFKA_PACKAGE}, which is not installed; run: npm install ${KAFKA_PACKAGE}@${KAFKA_PACKAGE_VERSION}`,
      { cause },
    );
  }
}
