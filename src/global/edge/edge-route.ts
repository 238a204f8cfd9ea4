/**
 * Which log a chunk was made for, as text that stays with it on disk: a partition's number means nothing without the topic and
 * the number of partitions.
 *
 *   /partials/<topic>/<partitions>
 */
const PREFIX = '/partials';
const ROUTE = /^\/partials\/([^/]+)\/(\d+)$/;

export interface LogAddress {
  /** Prefix of the names of its topics. */
  readonly topic: string;
  readonly partitions: number;
}

export function routeOf({ topic, partitions }: LogAddress): string {
  return `${PREFIX}/${topic}/${partitions}`;
}

/** Undefined for a route that says nothing of a log. */
export function addressOf(route: string): LogAddress | undefined {
  const [, topic, partitions] = ROUTE.exec(route) ?? [];
  return topic === undefined ? undefined : { topic, partitions: Number(partitions) };
}
