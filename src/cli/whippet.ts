#!/usr/bin/env node
/**
 * The `whippet` command. It loads what the command line asks for and no more: the version is printed without the
 * commands, and V8's flags are set before they are loaded.
 */
import { setFlagsFromString } from 'node:v8';
import { readVersion } from '../lib/version.ts';

const [command, ...rest] = process.argv.slice(2);

/** Commands that work through a file and end: for them a small heap would only be slow. */
const READS_FILES = ['analyze', 'simulate', 'replay'];

// The control thread rests most of the time and then works through much at once: its heap is kept small, which
// takes 10 MB off a server at rest and 40 MB off one at full load. The listener threads make no garbage to speak of.
if (!READS_FILES.includes(command ?? '')) {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
}

if ((command === '--version' || command === '-V') && rest.length === 0) {
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { runCommand } = await import('./commands.ts');
  await runCommand();
}
