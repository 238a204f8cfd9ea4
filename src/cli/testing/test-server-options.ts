/** Starts a test server from the options that `expect`, `record` and `test-server` share. */
import { startTestServer } from '../../testing/test-server/start-test-server.ts';
import type { TestServer } from '../../testing/test-server/test-server.ts';

export interface TestServerCommandOptions {
  readonly config?: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
}

/** Rejects with ConfigError, or the error of a listener. */
export async function startFromOptions(options: TestServerCommandOptions): Promise<TestServer> {
  const { host, port, httpPort, config } = options;
  return startTestServer({ host, port, httpPort, ...(config !== undefined && { configFile: config }) });
}
