/**
 * `whippet/testing/node`: test servers for node:test.
 *
 *   test('counts payments', async (t) => {
 *     const dsd = await testServer(t);
 *     …
 *     await dsd.waitFor({ name: 'checkout.paid', sum: 3 });
 *     assertReceivedOnly(dsd, ['checkout.paid']);
 *   });
 */
import { startTestServer, type TestServerOptions } from './test-server/start-test-server.ts';
import type { TestServer } from './test-server/test-server.ts';

export {
  assertReceivedEvent,
  assertReceivedMetric,
  assertReceivedNothing,
  assertReceivedOnly,
  assertReceivedServiceCheck,
  assertRejectedNothing,
} from './expectations/matchers.ts';

/** What is used of the context that node:test gives to a test. */
export interface NodeTestContext {
  readonly signal: AbortSignal;
  after(hook: () => Promise<void>): void;
  diagnostic(message: string): void;
}

/**
 * A test server of this test: closed when the test has ended. When the test runs into its time limit, what it was waiting
 * for, and what came instead, is shown under its failure. Rejects as startTestServer() does.
 */
export async function testServer(t: NodeTestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  t.after(() => server.close());
  const tell = (): void => {
    for (const report of server.pending()) t.diagnostic(`still waiting when the test ended: ${report}`);
  };
  if (t.signal.aborted) tell();
  else t.signal.addEventListener('abort', tell, { once: true });
  return server;
}
