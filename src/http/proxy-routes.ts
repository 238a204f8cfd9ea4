/**
 * DogStatsD over HTTP, as tracers send it to the trace agent: a packet as the body of a request. Some versions send it
 * with GET.
 *
 * Not guarded: whoever may send a datagram to this machine may send this. Other machines reach it only when HTTP is
 * bound to more than a loopback address.
 */
import type { ApiSource } from './api-source.ts';
import type { Route } from './route.ts';

export const PROXY_PATH = '/dogstatsd/v2/proxy';
export const PROXY_BODY_BYTES_MAX = 65_536;

export function proxyRoutes({ takePacket }: Pick<ApiSource, 'takePacket'>): Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: PROXY_PATH,
      summary: 'Takes a packet of DogStatsD messages, one a line.',
      tag: 'intake',
      guarded: false,
      takesBytes: true,
      answers: {
        200: 'Taken. What its lines mean shows in the ledger.',
        413: `More than ${PROXY_BODY_BYTES_MAX} bytes.`,
        503: 'No room for it now; send it again later.',
      },
      produces: '',
      handle: async (request, reply) => {
        const { body } = request;
        const packet = body instanceof Uint8Array ? body : new Uint8Array();
        if (packet.length === 0 || (await takePacket(packet))) return reply.code(200).send('');
        return reply.code(503).header('retry-after', '1').send({ error: 'no room for it now' });
      },
    },
  ];
}
