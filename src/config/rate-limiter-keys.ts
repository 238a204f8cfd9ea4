/**
 * Keys of the Agent for the rate limiter that goes by memory (spec intake §4), and ours that says where the system's
 * files are. The Agent's `go_gc` and `memory_ballast` tune the garbage collector of Go and have no meaning here.
 */
import { number, section, text, yesOrNo } from './key-types.ts';

const share = (value: number) => ({ default: value, min: 0, max: 1 });

/** How often something is done, as a share that moves between two bounds. */
function geometricRange(
  defaults: { readonly min: number; readonly max: number; readonly factor: number },
  words: { readonly what: string; readonly of: string; readonly cost: string },
) {
  const who = 'Rarely anyone.';
  return section({
    min: number(
      { default: defaults.min, min: 0.0001, max: 1 },
      {
        what: `Least share of ${words.of} ${words.what}.`,
        trade: `More notices sooner that memory runs short; ${words.cost}.`,
        who,
      },
    ),
    max: number(
      { default: defaults.max, min: 0.0001, max: 1 },
      {
        what: `Largest share of ${words.of} ${words.what}.`,
        trade: `More follows memory more closely while it is short; ${words.cost}.`,
        who,
      },
    ),
    factor: number(
      { default: defaults.factor, min: 1, max: 1000 },
      {
        what: 'What the share is multiplied by while memory is short, and divided by while it is not.',
        trade: 'Larger reacts faster and swings more.',
        who,
      },
    ),
  });
}

export const rateLimiterKeys = {
  dogstatsd_mem_based_rate_limiter: section({
    enabled: yesOrNo(
      { default: false },
      {
        what:
          "Slows the intake while memory is short: that of the server's cgroup where it has a limit, else that of " +
          'the machine. `dogstatsd_mem_based_rate_limiter: true` is short for it. Every listener is slowed; in the ' +
          'Agent the Unix sockets only.',
        trade:
          'A flood ends in waiting senders on Unix and TCP sockets, and in datagrams dropped by the kernel on UDP, ' +
          'instead of in a killed server.',
        who: 'Whoever runs with a tight memory limit and cannot bound what clients send.',
      },
    ),
    low_soft_limit: number(share(0.7), {
      what: 'Used memory over the limit above which each look at memory is followed by a pause of a millisecond.',
      trade: 'Lower slows sooner and keeps more memory free.',
      who: 'Whoever has turned the limiter on and shares the memory with others.',
    }),
    high_soft_limit: number(share(0.8), {
      what: 'Used memory over the limit above which nothing is received until it has fallen.',
      trade:
        'Lower keeps further from the limit. A limit below what the server needs with nothing to do stops the intake ' +
        'for good; the log says so.',
      who: 'Whoever has turned the limiter on.',
    }),
    rate_check: geometricRange(
      { min: 0.01, max: 1, factor: 2 },
      {
        of: 'receives',
        what: 'before which memory is looked at',
        cost: 'a look takes about 20 microseconds',
      },
    ),
    soft_limit_freeos_check: geometricRange(
      { min: 0.01, max: 0.1, factor: 1.5 },
      {
        of: 'looks above the low limit',
        what: 'at which memory is given back to the system instead of a pause',
        cost: 'giving back takes up to milliseconds',
      },
    ),
  }),
};

export const rateLimiterIntakeKeys = {
  system_root: text(
    { default: '/', pattern: /^\//, patternText: 'that is an absolute path' },
    {
      what: 'Folder in which `proc` and `sys` are found, for the memory that the rate limiter goes by.',
      trade: 'Another folder measures what its files say.',
      who: 'Whoever has them mounted elsewhere, and tests.',
    },
  ),
};
