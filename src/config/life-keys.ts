/** Keys about the life of the server: what has to listen at its start, and who takes its place. */
import { choice, text } from './key-types.ts';

/** A key of the Agent, whose values are true and false. */
export const startKeys = {
  dogstatsd_require_listener: choice(
    {
      default: 'all',
      words: ['all', 'any', 'none'],
      aliases: { true: 'any', false: 'none' },
    },
    {
      what:
        'Which of the configured listeners have to start, or the program ends with an error: `all`, `any` one of them, or `none`. ' +
        "`true` and `false` are the Agent's words for `any` and `none`; the Agent's default is `false`.",
      trade:
        'With `any` and `none` a listener that cannot start is an error in the log, in `/health` and in `/api/ledger`, and what clients send to it is lost.',
      who: 'Whoever would rather have some data than none (`any`), or must not be kept from starting (`none`).',
    },
  ),
};

export const handOverKeys = {
  handover_socket: text(
    { default: '' },
    {
      what:
        'Path of a Unix socket on which a running server hands its sockets and connections to the next one that is started with the same path ' +
        '(docs/operating.md, Hand-over). Empty turns it off. Linux only.',
      trade: 'A restart loses nothing; for a moment two servers run, and both flush a part of the bucket.',
      who: 'Whoever restarts under load without systemd, which keeps sockets open by itself (docs/operating.md).',
    },
  ),
};
