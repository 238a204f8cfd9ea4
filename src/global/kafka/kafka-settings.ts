/** How to reach Kafka, and what its topics are to be. */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { KafkaModule, KafkaOptions } from './kafka-client.ts';
import { explainKafka } from './kafka-errors.ts';

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Topics are `<prefix>.partials` and `<prefix>.merged`. */
  readonly topicPrefix: string;
  readonly createTopics: boolean;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly retentionHours: number;
  readonly compression: 'none' | 'gzip';
  readonly tls: object | undefined;
  readonly sasl:
    | { readonly mechanism: string; readonly username: string; readonly password: string }
    | undefined;
}

export interface KafkaSurroundings {
  readonly kafka: KafkaModule;
  readonly settings: KafkaSettings;
  readonly clock: Clock;
  readonly logger: Log;
}

/** How long one request may take, ms; beyond it the client is thrown away. */
export const REQUEST_MS = 5000;

export function optionsOf({ settings }: KafkaSurroundings, use: string): KafkaOptions {
  const { brokers, clientId, tls, sasl } = settings;
  return {
    clientId: `${clientId}-${use}`,
    bootstrapBrokers: brokers,
    timeout: REQUEST_MS,
    connectTimeout: REQUEST_MS,
    // Whoever calls tries again, with the time of the attempt.
    retries: 0,
    retryDelay: 200,
    // The name of the broker, for those that choose their certificate by it; addresses are no names.
    ...(tls !== undefined && { tls, tlsServerName: !brokers.every(isAddress) }),
    ...(sasl !== undefined && { sasl }),
  };
}

/** Whether a broker is named by an address of IPv4 or, in brackets, of IPv6. */
function isAddress(broker: string): boolean {
  return /^(\d+(\.\d+){3}|\[.*\]):\d+$/.test(broker);
}

/** The result, unless it takes longer than `ms`. A failure to reach Kafka, or to be let in, says why. */
export async function within<T>(clock: Clock, ms: number, what: string, result: Promise<T>): Promise<T> {
  let cancel: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new Error(`Kafka: ${what} took longer than ${ms} ms`)));
  });
  // The one that loses must not count as unhandled.
  result.catch(() => undefined);
  try {
    return await Promise.race([result, late]);
  } catch (error) {
    throw explainKafka(error as Error);
  } finally {
    cancel();
  }
}
