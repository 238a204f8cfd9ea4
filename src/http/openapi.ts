/**
 * The OpenAPI document of the HTTP server, made from its routes. `npm run docs` writes docs/openapi.json; tests hold the
 * file to the routes, and the server answers it at /api/openapi.json.
 */
import type { Route, RouteParameter } from './route.ts';

const OPENAPI_VERSION = '3.1.0';

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    for (const method of route.methods) {
      if (method === 'HEAD') continue;
      paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, method) };
    }
  }
  return {
    openapi: OPENAPI_VERSION,
    info: {
      title: 'whippet',
      version,
      summary: 'What a DogStatsD server knows, and what it can be told.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8127' }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function operationOf(route: Route, method: string): object {
  const { path, summary, tag, guarded, query = {}, params = {}, answers, produces, takesBytes } = route;
  const parameters = [
    ...Object.entries(params).map((entry) => parameterOf('path', entry)),
    ...Object.entries(query).map((entry) => parameterOf('query', entry)),
  ];
  const responses = Object.fromEntries(
    Object.entries(answers).map(([status, description]) => [
      status,
      { description, ...(status === '200' && produces !== '' && { content: { [produces]: {} } }) },
    ]),
  );
  return {
    operationId: operationId(method, path),
    summary,
    tags: [tag],
    ...(parameters.length > 0 && { parameters }),
    ...(takesBytes === true && { requestBody: { content: { 'application/octet-stream': {} } } }),
    responses,
    // Either nothing, on this machine alone, or the token.
    ...(guarded && { security: [{ token: [] }, {}] }),
  };
}

function parameterOf(
  place: 'path' | 'query',
  [name, { description, schema }]: [string, RouteParameter],
): object {
  return { name, in: place, required: place === 'path', description, schema };
}

// GET /api/metrics/:name ─▶ get_api_metrics_name
function operationId(method: string, path: string): string {
  const words = path.split(/[^a-z0-9]+/i).filter(Boolean);
  return [method.toLowerCase(), ...words].join('_');
}
