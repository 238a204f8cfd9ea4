#!/usr/bin/env node
/**
 * The `whippet` command. It loads what the command line asks for and no more: the version is printed without the
 * commands.
 */
import { readVersion } from '../lib/version.ts';

const [command, ...rest] = process.argv.slice(2);

if ((command === '--version' || command === '-V') && rest.length === 0) {
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { runCommand } = await import('./commands.ts');
  await runCommand();
}
