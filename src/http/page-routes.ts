/** The live page at `/` and the files it is made of: never guarded, because they know nothing of what is received. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptsGzip } from '../lib/http/weighted-header.ts';
import { PAGE_POLICY, type PageFile, type PageFiles, readPageFiles } from './page-files.ts';
import type { Route } from './route.ts';

const NOT_BUILT =
  'The page is not built: run npm run build. /metrics, /health and /api are here without it.\n';
const FOR_EVER = 'public, max-age=31536000, immutable';

const shared = { methods: ['GET', 'HEAD'], tag: 'observe', guarded: false } as const;

export function pageRoutes(files: PageFiles = readPageFiles()): Route[] {
  return [
    {
      ...shared,
      path: '/',
      summary: 'The live page, for people: what is received, what became of it, lines as they arrive.',
      answers: { 200: 'The page.', 404: 'The page was not built.' },
      produces: 'text/html',
      handle: (request, reply) => sendFile(request, reply, files.get('index.html'), 'no-store'),
    },
    {
      ...shared,
      path: '/assets/:name',
      summary: 'A script or style sheet of the page.',
      params: { name: { description: 'As the page names it.', schema: { type: 'string' } } },
      answers: { 200: 'The file, gzip on request.', 404: 'There is no such file.' },
      produces: 'text/javascript',
      handle: (request, reply) => {
        const { name } = request.params as { readonly name: string };
        return sendFile(request, reply, files.get(`assets/${name}`), FOR_EVER);
      },
    },
  ];
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile | undefined,
  cache: string,
): FastifyReply {
  if (file === undefined) return reply.code(404).type('text/plain; charset=utf-8').send(NOT_BUILT);
  const isGzip = acceptsGzip(request.headers['accept-encoding']);
  reply.type(file.type).headers({
    vary: 'accept-encoding',
    'cache-control': cache,
    'content-security-policy': PAGE_POLICY,
  });
  if (isGzip) reply.header('content-encoding', 'gzip');
  return reply.send(request.method === 'HEAD' ? null : isGzip ? file.gzip : file.plain);
}
