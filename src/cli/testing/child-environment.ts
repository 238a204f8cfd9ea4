/** The environment of a command that `expect` and `record` run, and what is said about the variables it does not get. */
import { childEnvironment, describeVariables } from '../../testing/test-server/client-variables.ts';
import type { TestServer } from '../../testing/test-server/test-server.ts';

/** Prints a line for each variable of ours that contradicts, or changes what is sent. */
export function environmentFor(
  server: TestServer,
  print: (text: string) => void,
  parent: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const child = childEnvironment(parent, server.env);
  for (const line of describeVariables(parent, child)) print(`note    ${line}\n`);
  return child.env;
}
