/**
 * Keys of the stream listeners: Unix stream socket, TCP, named pipe. Those that the Agent has too are in
 * `streamAgentKeys`, ours in the others.
 */
import { integer, seconds, section, text, yesOrNo } from './key-types.ts';
import { socketPath } from './socket-path.ts';

export const streamAgentKeys = {
  dogstatsd_stream_socket: socketPath('stream', {
    what: 'Path of a Unix stream socket to receive on, such as `/run/dsd.sock`, `unix:///run/dsd.sock` or `unixstream:///run/dsd.sock`. Empty turns it off. Packets are frames: a length of 4 bytes, least significant first, followed by that many bytes.',
    trade:
      'A client that sends faster than the server can receive is held back, and each connection takes a little memory. Clients have to send frames.',
    when: 'your clients send over streams (`unixstream://` in client libraries).',
  }),
  dogstatsd_stream_log_too_big: yesOrNo(
    { default: false },
    {
      what: 'Logs the first bytes of a frame that is longer than `dogstatsd_buffer_size`.',
      trade: 'It shows who sends what; the data may be confidential.',
      when: 'you are looking for the client that sends oversized frames, or no frames at all.',
    },
  ),
  dogstatsd_pipe_name: socketPath('stream', {
    what: 'Name of a Windows pipe to receive on (`\\\\.\\pipe\\NAME`), with lines that end in a newline. Empty turns it off. On other systems, the path of a local socket that works the same way.',
    trade: 'Everyone on the machine can write to the pipe.',
    when: 'clients on Windows send to a named pipe.',
  }),
};

export const streamOwnKeys = {
  dogstatsd_tcp_port: integer(
    { default: -1, min: -1, max: 65535 },
    {
      what: 'TCP port to receive on, with lines that end in a newline. `0` picks any free port, and the log says which; `-1` turns TCP off. It binds to the same address as UDP: `bind_host`, or all addresses with `dogstatsd_non_local_traffic`.',
      trade: 'Unlike UDP, nothing is lost on the way; clients are held back when the server is busy.',
      when: 'you receive over networks that lose datagrams, or need TLS.',
    },
  ),
  dogstatsd_tcp_tls: section({
    cert_file: text(
      { default: '' },
      {
        what: 'Path of the PEM file with the certificate of the TCP port and its chain. Empty means no TLS.',
        trade:
          'With TLS, nobody on the network can read or change the data. It takes processor time at both ends.',
        when: 'you receive over a network shared with others. It is read at start, so a new certificate needs a restart.',
      },
    ),
    key_file: text(
      { default: '' },
      {
        what: 'Path of the PEM file with the private key of the certificate.',
        trade: 'Anyone who can read it can impersonate the server.',
        when: 'you set `dogstatsd_tcp_tls.cert_file`.',
      },
    ),
    ca_file: text(
      { default: '' },
      {
        what: "Path of a PEM file with the authorities that must have issued the clients' certificates. Empty means those the system trusts.",
        trade: 'With your own authority, only clients to which you gave a certificate get in.',
        when: 'you set `dogstatsd_tcp_tls.require_client_cert`.',
      },
    ),
    require_client_cert: yesOrNo(
      { default: false },
      {
        what: 'Allows only clients with a valid certificate to send.',
        trade: 'It keeps strangers out, but every client needs a certificate.',
        when: 'more people can reach the port than should be able to send.',
      },
    ),
  }),
};

/** In the section `listener`. */
export const streamListenerKeys = {
  connections_max: integer(
    { default: 4096, min: 1, max: 1_000_000, unit: 'connections' },
    {
      what: 'Number of connections that may be open at once on all stream listeners. A further one is closed immediately and counted.',
      trade:
        'A higher limit admits more clients. Each takes a file descriptor, and up to about 150 KiB while it is held back.',
      when: 'you have more stream clients than this. Raise the limit of open files (`ulimit -n`) as well.',
    },
  ),
  idle_timeout_seconds: seconds(
    { default: 0, min: 0, max: 604800 },
    {
      what: 'How long a connection of a stream listener may send nothing before it is closed. `0` means forever.',
      trade:
        'Closing frees the resources of clients that have gone; a client that is rarely active has to reconnect.',
      when: 'clients on a network vanish without closing their connections.',
    },
  ),
};
