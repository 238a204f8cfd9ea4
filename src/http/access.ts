/**
 * Who may ask what.
 *
 *   everything      no web page of another site, and on a loopback address no name that is not this machine's
 *   guarded routes  with a token: whoever has it; without one: only on a loopback address
 *
 * `/metrics`, `/health`, `/ready` and `/` are not guarded: scrapers and supervisors ask them, and they change
 * nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuseWebPage } from '../lib/http/web-guard.ts';
import type { Route } from './route.ts';

export interface Access {
  /** Whether the server is bound to an address only this machine reaches. */
  readonly loopbackOnly: boolean;
  /** Empty for none. */
  readonly token: string;
}

/** Answers the request when it may not be made; else returns undefined. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Route | undefined,
  access: Access,
): FastifyReply | undefined {
  const page = refuseWebPage(request.headers, access);
  if (page !== undefined) return reply.code(403).send({ error: page });
  if (route?.guarded !== true) return undefined;
  if (access.token === '') {
    if (access.loopbackOnly) return undefined;
    return reply.code(403).send({ error: 'set http.token to open this to other machines' });
  }
  if (hasToken(request, access.token)) return undefined;
  return reply
    .code(401)
    .header('www-authenticate', 'Bearer realm="whippet"')
    .send({ error: 'this needs the token of http.token: Authorization: Bearer <token>' });
}

function hasToken({ headers }: FastifyRequest, token: string): boolean {
  const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  // Digests of equal length, so that the time tells nothing of the token.
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
