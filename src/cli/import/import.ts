/** `whippet import`: its arguments and its help. The work is in import-command.ts, loaded when it runs. */
import type { Command } from 'commander';

export function registerImport(program: Command): void {
  program
    .command('import')
    .description("write another server's mapping as our configuration")
    .argument('<kind>', 'statsd_exporter')
    .argument('<file>', 'its mapping file')
    .option('-o, --output <file>', 'write there instead of to standard output; the file must not exist')
    .addHelpText('after', HELP)
    .action(async (kind: string, file: string, options: { readonly output?: string }) => {
      const { importCommand } = await import('./import-command.ts');
      process.exitCode = await importCommand(kind, file, options);
    });
}

const HELP = `
Examples:
  whippet import statsd_exporter mapping.yml > whippet.yaml
  whippet import statsd_exporter mapping.yml -o whippet.yaml && whippet config -c whippet.yaml --check

What has no equal here is left out and named on standard error.

Exit codes: 0 everything was carried over; 1 something was not; 2 wrong usage, or no mapping file.`;
