/**
 * Keys of the stream listeners: Unix stream socket, TCP, named pipe. Those that the Agent has too are in
 * `streamAgentKeys`, ours in the others.
 */
import { integer, seconds, section, text, yesOrNo } from './key-types.ts';

export const streamAgentKeys = {
  dogstatsd_stream_socket: text(
    { default: '' },
    {
      what: 'Path of a Unix stream socket to receive on; empty turns it off. Packets are frames: a length of 4 bytes, least significant first, then so many bytes.',
      trade:
        'A client that sends faster than the server takes is held back, and a connection costs a little memory. Clients have to know the frames.',
      who: 'Whoever has clients that send over streams (`unixstream://` in client libraries).',
    },
  ),
  dogstatsd_stream_log_too_big: yesOrNo(
    { default: false },
    {
      what: 'Quotes the first bytes of a frame that is longer than `dogstatsd_buffer_size` in the log.',
      trade: 'Shows who sends what; what clients send may be secret.',
      who: 'Whoever looks for the client that sends frames too long, or no frames at all.',
    },
  ),
  dogstatsd_pipe_name: text(
    { default: '' },
    {
      what:
        'Name of a Windows pipe to receive on (`\\\\.\\pipe\\NAME`), lines ending in a newline; empty turns it off. On ' +
        'other systems the path of a local socket that takes the same.',
      trade: 'Everyone on the machine may write to the pipe.',
      who: 'Whoever has clients on Windows that send to a named pipe.',
    },
  ),
};

export const streamOwnKeys = {
  dogstatsd_tcp_port: integer(
    { default: -1, min: -1, max: 65535 },
    {
      what:
        'TCP port to receive on, lines ending in a newline. `0` takes any free port, and the log says which; `-1` turns TCP ' +
        'off. It binds the address of UDP: `bind_host`, or all with `dogstatsd_non_local_traffic`.',
      trade: 'Nothing is lost on the way as with UDP; clients are held back when the server is busy.',
      who: 'Whoever receives over networks that lose datagrams, or wants TLS.',
    },
  ),
  dogstatsd_tcp_tls: section({
    cert_file: text(
      { default: '' },
      {
        what: 'Path of the PEM file with the certificate of the TCP port, and those it depends on. Empty: no TLS.',
        trade:
          'With TLS nobody on the way reads or changes what is sent; it takes processor time at both ends.',
        who: 'Whoever receives over a network that others use. Read at start: a new certificate needs a restart.',
      },
    ),
    key_file: text(
      { default: '' },
      {
        what: 'Path of the PEM file with the private key of the certificate.',
        trade: 'Whoever can read it can pose as the server.',
        who: 'Whoever sets `dogstatsd_tcp_tls.cert_file`.',
      },
    ),
    ca_file: text(
      { default: '' },
      {
        what: "Path of a PEM file with the authorities that clients' certificates must come from. Empty: those the system trusts.",
        trade: 'An authority of your own lets in only whom you have given a certificate.',
        who: 'Whoever sets `dogstatsd_tcp_tls.require_client_cert`.',
      },
    ),
    require_client_cert: yesOrNo(
      { default: false },
      {
        what: 'Only clients with a valid certificate may send.',
        trade: 'Keeps strangers out; every client needs a certificate.',
        who: 'Whoever lets others reach the port than those who may send.',
      },
    ),
  }),
};

/** In the section `intake`. */
export const streamIntakeKeys = {
  connections_max: integer(
    { default: 4096, min: 1, max: 1_000_000, unit: 'connections' },
    {
      what: 'Connections of all stream listeners that may be open at a time. A further one is closed at once, and counted.',
      trade:
        'More lets more clients in; each takes a file descriptor and up to about 150 KiB while it is held back.',
      who: 'Whoever has more clients than this on streams, together with the limit of open files (`ulimit -n`).',
    },
  ),
  idle_timeout_seconds: seconds(
    { default: 0, min: 0, max: 604800 },
    {
      what: 'After how long without a byte a connection of a stream listener is closed; `0` is never.',
      trade: 'Closing frees what clients left behind; a client that is rarely active has to connect again.',
      who: 'Whoever has clients over a network that vanish without closing.',
    },
  ),
};
