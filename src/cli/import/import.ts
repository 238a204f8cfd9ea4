/** `whippet import`: its arguments and its help. The work is in import-command.ts, loaded when it runs. */
import type { Command } from 'commander';

export function registerImport(program: Command): void {
  program
    .command('import')
    .description("write another server's configuration as our own")
    .argument('<kind>', 'statsd_exporter, gostatsd or telegraf')
    .argument('<file>', 'its mapping or configuration file')
    .argument('[flags...]', 'flags of its command line, after --')
    .option('-o, --output <file>', 'write there instead of to standard output; the file must not exist')
    .addHelpText('after', HELP)
    .action(async (kind: string, file: string, flags: string[], options: { readonly output?: string }) => {
      const { importCommand } = await import('./import-command.ts');
      process.exitCode = await importCommand(kind, file, { ...options, flags });
    });
}

const HELP = `
Examples:
  whippet import statsd_exporter mapping.yml > whippet.yaml
  whippet import statsd_exporter mapping.yml -o whippet.yaml && whippet config -c whippet.yaml --check
  whippet import statsd_exporter mapping.yml -- --statsd.listen-udp=:9125 --no-statsd.parse-librato-tags
  whippet import gostatsd gostatsd.toml -o whippet.yaml
  whippet import telegraf telegraf.conf -o whippet.yaml

What has no equal here is left out and named on standard error.

Exit codes: 0 everything was carried over; 1 something was not; 2 wrong usage, or no such file.`;
