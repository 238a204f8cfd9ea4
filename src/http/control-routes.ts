/** What the server can be told to do. */
import type { ApiSource } from './api-source.ts';
import { JSON_TYPE, type Route } from './route.ts';

const shared = { methods: ['POST'], tag: 'control', guarded: true, produces: JSON_TYPE } as const;

export function controlRoutes(source: ApiSource): Route[] {
  return [
    {
      ...shared,
      path: '/-/reload',
      summary: 'Loads the configuration again, as SIGHUP does.',
      answers: { 200: 'What changed, and what needs a restart.', 400: 'What is wrong; nothing has changed.' },
      handle: async (_, reply) => {
        const answer = await source.reload();
        return reply.code(answer.ok ? 200 : 400).send(answer);
      },
    },
    {
      ...shared,
      path: '/-/flush',
      summary:
        'Delivers what open buckets hold, without waiting for their end. For tests: a bucket then has several points.',
      answers: { 200: 'How many aggregates were given to the outputs.' },
      handle: async () => ({ aggregates: await source.flush() }),
    },
  ];
}
