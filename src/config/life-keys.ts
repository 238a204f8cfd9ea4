/** Keys about the life of the server: what has to listen at its start. */
import { choice } from './key-types.ts';

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
