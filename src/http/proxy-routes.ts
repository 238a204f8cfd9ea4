/**
 * DogStatsD over HTTP, as tracers send it to the trace agent: lines as the body of a request. Some versions send it
 * with GET. A body may be larger than a packet; it is taken in pieces of whole lines.
 *
 * Not guarded: whoever may send a datagram to this machine may send this. Other machines reach it only when HTTP is
 * bound to more than a loopback address.
 */
import type { ApiSource } from './api-source.ts';
import type { Route } from './route.ts';

export const PROXY_PATH = '/dogstatsd/v2/proxy';
/** Ten seconds of metrics of a busy tracer fit many times. */
export const PROXY_BODY_BYTES_MAX = 4 * 1024 * 1024;

export type ProxySource = Pick<ApiSource, 'acceptPacket' | 'missPacket' | 'noteConnection'>;

export function proxyRoutes({ acceptPacket, missPacket }: ProxySource): Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: PROXY_PATH,
      summary: 'Takes DogStatsD messages, one a line.',
      tag: 'listener',
      guarded: false,
      takesBytes: true,
      answers: {
        200: 'Taken. What its lines mean shows in the ledger.',
        413: `More than ${PROXY_BODY_BYTES_MAX} bytes.`,
        503: 'No room for it now; send it again later.',
      },
      produces: '',
      missed: missPacket,
      handle: async (request, reply) => {
        const { body } = request;
        const packet = body instanceof Uint8Array ? body : new Uint8Array();
        if (packet.length === 0 || (await acceptPacket(packet))) return reply.code(200).send('');
        return reply.code(503).header('retry-after', '1').send({ error: 'no room for it now' });
      },
    },
  ];
}
