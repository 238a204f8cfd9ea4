/**
 * Builds the page into dist/ui: one script, one style sheet, one HTML file, names with a hash of their content.
 *
 * `npm run ui` serves it from source instead and asks a running server for the data: WHIPPET_URL, or the usual
 * address. With UI_MOCK=1 the data is made up.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { mockHandler } from './mock/mock-server.ts';

const target = process.env.WHIPPET_URL ?? 'http://127.0.0.1:8127';
const isMocked = process.env.UI_MOCK === '1';
const toServer = { target, changeOrigin: true, headers: { origin: target } };

const mock: Plugin = {
  name: 'made-up-data',
  configureServer(server) {
    const handle = mockHandler({ metrics: 1284 });
    server.middlewares.use((request, response, next) => {
      if (!handle(request, response)) next();
    });
  },
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: isMocked ? [mock] : [],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../dist/ui', import.meta.url)),
    emptyOutDir: true,
    target: ['chrome123', 'firefox125', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: isMocked ? {} : { '/api': toServer, '/health': toServer, '/-/': toServer, '/metrics': toServer },
  },
});
