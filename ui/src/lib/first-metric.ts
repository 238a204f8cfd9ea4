/**
 * The lines to paste to send a first metric, with the host and the port of this server.
 *
 * Values come from the server's own status; they are put into code, so what is not a plain host or path is left to
 * the reader.
 */
import type { StatusView } from '../../../src/model/live/server-views.ts';

export const LANGUAGES = ['shell', 'node', 'python', 'go', 'docker'] as const;
export type Language = (typeof LANGUAGES)[number];

export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  shell: 'Shell',
  node: 'Node',
  python: 'Python',
  go: 'Go',
  docker: 'Docker',
};

export interface Target {
  readonly kind: 'udp' | 'unixgram' | 'tcp' | 'http';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const PLAIN = /^[\w./:[\]-]+$/;
const ANYWHERE = /^(0\.0\.0\.0|::|\[::\])$/;

/** Where to send to: UDP before a Unix socket before HTTP, which always is there. `pageHost` is how the page was reached. */
export function targetOf(status: Pick<StatusView, 'listeners'>, pageHost: string, pagePort: number): Target {
  const udp = status.listeners.find(({ kind }) => kind === 'udp');
  if (udp !== undefined) {
    const host = udp.name.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    return {
      kind: 'udp',
      host: ANYWHERE.test(host) ? plainHost(pageHost) : plainHost(host),
      port: udp.port,
      path: '',
    };
  }
  const unix = status.listeners.find(({ kind, name }) => kind === 'unixgram' && PLAIN.test(name));
  if (unix !== undefined) return { kind: 'unixgram', host: '', port: 0, path: unix.name };
  return { kind: 'http', host: plainHost(pageHost), port: pagePort, path: '' };
}

export function linesFor(language: Language, target: Target): string {
  const { kind, host, port, path } = target;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/dogstatsd/v2/proxy`;
  switch (language) {
    case 'shell':
      if (kind === 'udp') return `echo -n 'page.views:1|c|#env:dev' | nc -u -w0 ${host} ${port}`;
      if (kind === 'unixgram') return `echo -n 'page.views:1|c|#env:dev' | nc -uU -w0 ${path}`;
      return `curl -d 'page.views:1|c|#env:dev' ${url}`;
    case 'node':
      return [
        "import { StatsD } from 'hot-shots'; // npm install hot-shots",
        '',
        kind === 'unixgram'
          ? `const metrics = new StatsD({ protocol: 'uds', path: '${path}' });`
          : `const metrics = new StatsD({ host: '${host}', port: ${udpPort(target)} });`,
        "metrics.increment('page.views', 1, ['env:dev']);",
      ].join('\n');
    case 'python':
      return [
        'from datadog.dogstatsd import DogStatsd  # pip install datadog',
        '',
        kind === 'unixgram'
          ? `metrics = DogStatsd(socket_path='${path}')`
          : `metrics = DogStatsd(host='${host}', port=${udpPort(target)})`,
        "metrics.increment('page.views', 1, tags=['env:dev'])",
      ].join('\n');
    case 'go':
      return [
        '// go get github.com/DataDog/datadog-go/v5/statsd',
        kind === 'unixgram'
          ? `client, err := statsd.New("unix://${path}")`
          : `client, err := statsd.New("${host.includes(':') ? `[${host}]` : host}:${udpPort(target)}")`,
        'if err != nil {',
        '\tlog.Fatal(err)',
        '}',
        'client.Incr("page.views", []string{"env:dev"}, 1)',
        'client.Flush()',
      ].join('\n');
    case 'docker':
      if (kind === 'unixgram')
        return `docker run --rm -v ${path}:${path} -e DD_DOGSTATSD_URL=unix://${path} YOUR_IMAGE`;
      return `docker run --rm --network host -e DD_AGENT_HOST=${host} -e DD_DOGSTATSD_PORT=${udpPort(target)} YOUR_IMAGE`;
  }
}

/** The command of this program. */
export function whippetSend({ kind, host, port, path }: Target): string {
  const isUsual = kind === 'udp' && port === 8125 && host === '127.0.0.1';
  const address =
    kind === 'unixgram' ? `unix://${path}` : `udp://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const to = isUsual || kind === 'http' ? '' : ` --to ${address}`;
  return `whippet send --count page.views 1 --tag env:dev${to}`;
}

/** Libraries speak UDP: where only HTTP is open, the usual port is named. */
function udpPort({ kind, port }: Target): number {
  return kind === 'udp' ? port : 8125;
}

function plainHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare !== '' && PLAIN.test(bare) ? (bare === 'localhost' ? '127.0.0.1' : bare) : '127.0.0.1';
}
