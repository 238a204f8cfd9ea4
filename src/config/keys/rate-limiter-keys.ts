/**
 * Keys of the Agent for the rate limiter that goes by memory (docs/behaviour/listeners.md#rate-limiter), and ours that says where the system's
 * files are. The Agent's `go_gc` and `memory_ballast` tune the garbage collector of Go and have no meaning here.
 */
import { number, section, text, yesOrNo } from './key-types.ts';

const share = (value: number) => ({ default: value, min: 0, max: 1 });

/** How often something is done, as a share that moves between two bounds. */
function geometricRange(
  defaults: { readonly min: number; readonly max: number; readonly factor: number },
  words: { readonly what: string; readonly of: string; readonly cost: string },
) {
  return section({
    min: number(
      { default: defaults.min, min: 0.0001, max: 1 },
      {
        what: `Smallest share of ${words.of} ${words.what}.`,
        trade: `A larger share notices a memory shortage sooner; ${words.cost}.`,
      },
    ),
    max: number(
      { default: defaults.max, min: 0.0001, max: 1 },
      {
        what: `Largest share of ${words.of} ${words.what}.`,
        trade: `A larger share follows memory usage more closely during a shortage; ${words.cost}.`,
      },
    ),
    factor: number(
      { default: defaults.factor, min: 1, max: 1000 },
      {
        what: 'Factor by which the share is multiplied while memory is short, and divided while it is not.',
        trade: 'A larger factor reacts faster and oscillates more.',
      },
    ),
  });
}

export const rateLimiterKeys = {
  dogstatsd_mem_based_rate_limiter: section({
    enabled: yesOrNo(
      { default: false },
      {
        what: "Slows the listeners down while memory is short. The limit is that of the server's cgroup, if it has one, or else that of the machine. `dogstatsd_mem_based_rate_limiter: true` is short for it. It slows every listener; in the Agent, only Unix sockets.",
        trade:
          'Under a flood, senders on Unix and TCP sockets wait and the kernel drops UDP datagrams, instead of the server being killed.',
        when: 'you run with a tight memory limit and cannot control how much clients send.',
      },
    ),
    low_soft_limit: number(share(0.7), {
      what: 'Used memory, as a share of the limit, above which each memory check is followed by a pause of a millisecond.',
      trade: 'A lower value slows down sooner and keeps more memory free.',
      when: 'you use the limiter and share the memory with other programs.',
    }),
    high_soft_limit: number(share(0.8), {
      what: 'Used memory, as a share of the limit, above which nothing is received until it has fallen.',
      trade:
        'A lower value keeps further from the limit. A value below what the idle server needs stops receiving for good, and the log says so.',
    }),
    rate_check: geometricRange(
      { min: 0.01, max: 1, factor: 2 },
      {
        of: 'receives',
        what: 'before which memory is checked',
        cost: 'a check takes about 20 microseconds',
      },
    ),
    soft_limit_freeos_check: geometricRange(
      { min: 0.01, max: 0.1, factor: 1.5 },
      {
        of: 'memory checks above the low limit',
        what: 'after which memory is returned to the system instead of a pause',
        cost: 'returning memory can take milliseconds',
      },
    ),
  }),
};

export const rateLimiterListenerKeys = {
  system_root: text(
    { default: '/', pattern: /^\//, patternText: 'that is an absolute path' },
    {
      what: 'Folder that contains `proc` and `sys`, from which the rate limiter reads memory usage.',
      trade: 'Another folder makes it measure what the files there say.',
      when: 'they are mounted elsewhere, or in tests.',
    },
  ),
};
