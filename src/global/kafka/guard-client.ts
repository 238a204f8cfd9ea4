/**
 * What the Kafka client lets end the process, and must not: errors of ours to handle, while a broker comes or goes.
 *
 *   a connection that fails twice      the second error has no listener      ─▶ one that hears it
 *   a broker that is not in the        `undefined.host` in a callback        ─▶ an error of the request
 *   metadata, such as a leader or
 *   coordinator that was killed
 */
import type { KafkaBase } from './kafka-client.ts';

const CONNECTION_EVENTS = ['client:broker:connect', 'client:broker:failed'] as const;
/** The method that connects to a broker, as the client describes its symbol. */
const GET_CONNECTION = 'plt.kafka.base.getConnection';

type GetConnection = (broker: object | undefined, callback: (error: Error | null) => void) => void;

/** Hears the errors of a client and of its connections; to be called before it is used. */
export function guardClient(client: KafkaBase, hear: (error: Error) => void = () => undefined): void {
  client.on('error', (error) => hear(error as Error));
  for (const event of CONNECTION_EVENTS)
    client.on(event, (payload) => {
      const { connection } = payload as { readonly connection?: Pick<KafkaBase, 'on'> };
      connection?.on('error', () => undefined);
    });
  const symbol = symbolOf(client, GET_CONNECTION);
  if (symbol === undefined) return;
  const methods = client as unknown as Record<symbol, GetConnection>;
  const connect = methods[symbol]?.bind(client);
  methods[symbol] = (broker, callback) => {
    if (broker === undefined) callback(new Error('Kafka: the broker is not known (any more)'));
    else connect?.(broker, callback);
  };
}

function symbolOf(client: object, description: string): symbol | undefined {
  for (let at: object | null = client; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertySymbols(at).find((one) => one.description === description);
    if (found !== undefined) return found;
  }
  return undefined;
}
