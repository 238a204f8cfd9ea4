/**
 * A route of the HTTP server: what it is for, who may ask it, and what does the work. The same entry is what fastify
 * gets, what the OpenAPI document says, and what the tests hold both to.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MissedBody } from '../telemetry/counters/http-counters.ts';

/** A schema of JSON Schema, as fastify checks it and OpenAPI shows it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface RouteParameter {
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface Route {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[];
  /** With `:name` for a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly tag: 'observe' | 'api' | 'control' | 'listener';
  /** Whether a token is asked for where one is needed. */
  readonly guarded: boolean;
  readonly query?: Readonly<Record<string, RouteParameter>>;
  readonly params?: Readonly<Record<string, RouteParameter>>;
  /** What is answered, by status. */
  readonly answers: Readonly<Record<number, string>>;
  /** Content type of a good answer. */
  readonly produces: string;
  /** A request has a body, which is handed on as bytes. */
  readonly takesBytes?: boolean;
  /** Told when a request of this route failed before handle(): its body was not taken. */
  readonly missed?: (reason: MissedBody) => void;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

export const JSON_TYPE = 'application/json';

/** The schema of a route's query, for fastify. */
export function querySchema({ query = {} }: Route): JsonSchema {
  const properties = Object.fromEntries(Object.entries(query).map(([name, { schema }]) => [name, schema]));
  return { type: 'object', properties, additionalProperties: false };
}
