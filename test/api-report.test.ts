import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface ApiReport {
  apiReport(): string;
  readonly API_FILE: string;
}

it('docs/api.md is what the package offers; npm run docs writes it', async () => {
  const script = new URL('../scripts/api-report.mjs', import.meta.url).href;
  const { apiReport, API_FILE } = (await import(script)) as ApiReport;
  expect(readFileSync(API_FILE, 'utf8')).toBe(apiReport());
});
