/** Keys about the life of the server: what has to listen at its start, and who takes its place. */
import { choice, section } from './key-types.ts';
import { socketPath } from './socket-path.ts';

/** A key of the Agent, whose values are true and false. */
export const startKeys = {
  dogstatsd_require_listener: choice(
    {
      default: 'all',
      words: ['all', 'any', 'none'],
      aliases: { true: 'any', false: 'none' },
    },
    {
      what: "Which of the configured listeners must start; otherwise the program ends with an error: `all`, `any` (at least one) or `none`. `true` and `false` are the Agent's words for `any` and `none`; the Agent's default is `false`.",
      trade:
        'With `any` and `none`, a listener that cannot start is reported in the log, in `/health` and in `/api/ledger`, and data sent to it is lost.',
      when: 'you prefer some data to none (`any`), or the server must start in any case (`none`).',
    },
  ),
};

export const hotRestartKeys = {
  hot_restart: section({
    socket: socketPath('stream', {
      what: 'Path of a Unix socket on which a running server passes its sockets and connections to the next server started with the same path (docs/operating.md, Hot restart). Empty turns it off. Linux only.',
      trade: 'A restart loses nothing. For a moment two servers run, and each flushes a part of the bucket.',
      when: 'you restart under load without systemd, which can keep sockets open itself (docs/operating.md).',
    }),
  }),
};
