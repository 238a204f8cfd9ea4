/** Writes docs/openapi.json from the routes. Run as `node dist/http/document.js` after a build; a test holds the file to them. */
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readVersion } from '../lib/version.ts';
import type { ApiSource } from './api-source.ts';
import { routesOf } from './app.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

const FILE = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

/** The document as the file has it. */
export function renderOpenApi(): string {
  return `${JSON.stringify(openApiDocument(documentedRoutes(), readVersion()), null, 2)}\n`;
}

/** The routes, of a server that answers nothing: only what they say of themselves is asked for. */
function documentedRoutes(): Route[] {
  const source = { views: {} } as ApiSource;
  return routesOf({
    source,
    version: readVersion(),
    health: () => ({ healthy: true, parts: [] }),
    ready: () => true,
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(FILE, renderOpenApi());
}
