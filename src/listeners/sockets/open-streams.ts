/**
 * Opens the sockets of the stream listeners on the control thread: Unix stream, TCP, named pipe.
 *
 * Where system calls can be made, the socket is opened here and its descriptor handed to the stream thread: what
 * is wrong shows before anything runs, clients may connect at once, and the file stays in the hands of
 * the control thread. Elsewhere, and for pipes of Windows, the stream thread opens it through Node.
 */
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { PIPE_WAIT_MS, readFileNow } from '../../lib/files/plain-file.ts';
import type { StreamKind } from '../../model/connection.ts';
import { LISTEN_BACKLOG } from '../stream/stream-server.ts';
import type { StreamListener, TlsSettings } from '../stream/stream-settings.ts';
import type { Libc } from '../system/libc.ts';
import { codeOf, ListenError } from './listen-error.ts';
import type { OpenListener } from './open-listener.ts';
import { type OpenSocket, openTcpSocket, portListenError, resolveHosts } from './port-socket.ts';
import { findSocket, openUnixStream, removeDeadSocket, socketInUse, unixListenError } from './unix-socket.ts';
import { WatchedFile } from './watched-file.ts';

const UNIX_KEY = 'dogstatsd_stream_socket';
const PIPE_KEY = 'dogstatsd_pipe_name';
const WINDOWS_PIPES = '\\\\.\\pipe\\';

/** The options of the configuration that say on which streams to listen. */
export interface StreamOptions {
  readonly dogstatsd_stream_socket: string;
  readonly dogstatsd_pipe_name: string;
  readonly dogstatsd_tcp_port: number;
  readonly dogstatsd_tcp_tls: TlsOptions;
  readonly bind_host: string;
  readonly dogstatsd_non_local_traffic: boolean;
  readonly dogstatsd_so_rcvbuf: number;
  readonly dogstatsd_eol_required: readonly string[];
}

/** TLS is on when there is a certificate. Paths of PEM files. */
export interface TlsOptions {
  readonly cert_file: string;
  readonly key_file: string;
  readonly ca_file: string;
  readonly require_client_cert: boolean;
}

/** Opens what the configuration asks for, and rejects with ListenError. Undefined when it asks for nothing. */
type Opening = (libc: Libc | undefined) => Promise<OpenListener>;

export function streamOpening(kind: StreamKind, options: StreamOptions): Opening | undefined {
  switch (kind) {
    case 'unix':
      return options.dogstatsd_stream_socket === '' ? undefined : (libc) => openUnix(libc, options);
    case 'tcp':
      return options.dogstatsd_tcp_port < 0 ? undefined : (libc) => openTcp(libc, options);
    case 'named_pipe':
      return options.dogstatsd_pipe_name === '' ? undefined : (libc) => openPipe(libc, options);
  }
}

/** What the thread is told of a stream listener, but for its socket. Throws ListenError for files of TLS. */
export function streamSettingsOf(kind: StreamKind, options: StreamOptions): Omit<StreamListener, 'socket'> {
  const eolRequired = options.dogstatsd_eol_required.includes(kind === 'unix' ? 'uds' : kind);
  const tls = kind === 'tcp' ? readTls(options.dogstatsd_tcp_tls) : undefined;
  return { kind, eolRequired, ...(tls === undefined ? {} : { tls }) };
}

async function openUnix(libc: Libc | undefined, options: StreamOptions): Promise<OpenListener> {
  return openPath(libc, options.dogstatsd_stream_socket, UNIX_KEY, streamSettingsOf('unix', options));
}

async function openPipe(libc: Libc | undefined, options: StreamOptions): Promise<OpenListener> {
  const name = options.dogstatsd_pipe_name;
  const listener = streamSettingsOf('named_pipe', options);
  if (process.platform === 'win32') return openByThread(WINDOWS_PIPES + name, listener);
  if (name.includes('/')) return openPath(libc, name, PIPE_KEY, listener);
  throw new ListenError(
    'ERR_LISTEN_UNSUPPORTED',
    `named pipes are a thing of Windows; set ${PIPE_KEY} to the path of a local socket, or use dogstatsd_stream_socket`,
  );
}

async function openTcp(libc: Libc | undefined, options: StreamOptions): Promise<OpenListener> {
  const listener = streamSettingsOf('tcp', options);
  const address = {
    host: options.bind_host,
    port: options.dogstatsd_tcp_port,
    allInterfaces: options.dogstatsd_non_local_traffic,
  };
  if (libc !== undefined) {
    const socket = await openTcpSocket(libc, address, options.dogstatsd_so_rcvbuf, LISTEN_BACKLOG);
    return openedHere(libc, socket, listener, () => undefined);
  }
  const [host = ''] = await resolveHosts(address);
  const { port } = address;
  const nameOf = (bound: number): string => (host.includes(':') ? `[${host}]:${bound}` : `${host}:${bound}`);
  return {
    ...{ kind: 'tcp', name: nameOf(port), port, receiveBufferBytes: 0 },
    listener: { ...listener, socket: { host, port } },
    bound: (bound) => ({ name: nameOf(bound), port: bound }),
    explain: (cause) => portListenError(cause, host, port, 'TCP'),
    close: () => undefined,
  };
}

/** A socket with a file. */
async function openPath(
  libc: Libc | undefined,
  path: string,
  key: string,
  listener: Omit<StreamListener, 'socket'>,
): Promise<OpenListener> {
  if (libc === undefined) {
    if (findSocket(path, key)) {
      if (await isAlive(path, key)) throw socketInUse(path, key);
      removeDeadSocket(path, key);
    }
    return { ...openByThread(path, listener), explain: (cause) => unixListenError(cause, path, key) };
  }
  const socket = openUnixStream(libc, path, key, LISTEN_BACKLOG);
  const file = new WatchedFile(libc, socket.fd, path, () => openUnixStream(libc, path, key, LISTEN_BACKLOG));
  return { ...openedHere(libc, socket, listener, () => file.remove()), look: () => file.look() };
}

function openedHere(
  libc: Libc,
  { fd, name, port, receiveBufferBytes }: OpenSocket,
  listener: Omit<StreamListener, 'socket'>,
  afterClose: () => void,
): OpenListener {
  return {
    ...{ kind: listener.kind, name, port, receiveBufferBytes, listener: { ...listener, socket: { fd } } },
    close: () => {
      libc.close(fd);
      afterClose();
    },
    release: () => libc.close(fd),
  };
}

/** The thread listens at the path, and Node removes the file when it closes the socket. */
function openByThread(path: string, listener: Omit<StreamListener, 'socket'>): OpenListener {
  return {
    ...{ kind: listener.kind, name: path, port: 0, receiveBufferBytes: 0 },
    listener: { ...listener, socket: { path } },
    explain: (cause) =>
      new ListenError('ERR_LISTEN_SOCKET_PATH', `cannot listen on ${path} (${cause.message})`, cause),
    close: () => undefined,
  };
}

/** Whether somebody listens there; without system calls only a connection can tell. */
function isAlive(path: string, key: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (cause) => {
      // A socket for datagrams answers EPROTOTYPE: alive as well.
      if (codeOf(cause) === 'ECONNREFUSED') resolve(false);
      else if (codeOf(cause) === 'EPROTOTYPE') resolve(true);
      else reject(unixListenError(cause, path, key));
    });
  });
}

/** Reads and checks the files; undefined when TLS is off. */
function readTls(options: TlsOptions): TlsSettings | undefined {
  if (options.cert_file === '' && options.key_file === '') {
    if (!options.require_client_cert && options.ca_file === '') return undefined;
    throw tlsError('client certificates need TLS; set cert_file and key_file');
  }
  const cert = readPem(options.cert_file, 'cert_file');
  const key = readPem(options.key_file, 'key_file');
  const ca = options.ca_file === '' ? {} : { ca: readPem(options.ca_file, 'ca_file') };
  try {
    createSecureContext({ cert, key, ...ca });
  } catch (cause) {
    throw tlsError(`the certificate and its key cannot be used (${(cause as Error).message})`, cause);
  }
  return { cert, key, ...ca, requireClientCert: options.require_client_cert };
}

function readPem(path: string, key: string): string {
  if (path === '') throw tlsError(`${key} is empty; a certificate needs its key and a key its certificate`);
  try {
    return readFileNow(path, { waitMs: PIPE_WAIT_MS }).toString();
  } catch (cause) {
    throw tlsError(`cannot read ${key} ${path} (${codeOf(cause)})`, cause);
  }
}

function tlsError(what: string, cause?: unknown): ListenError {
  return new ListenError('ERR_LISTEN_TLS', `${what}; see dogstatsd_tcp_tls`, cause);
}
