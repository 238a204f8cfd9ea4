/** Keys of what is not DogStatsD and understood on request: `dialects`. */
import { z } from 'zod';
import { DIALECT_LISTENERS, TAG_DIALECTS } from '../../model/dialect.ts';
import { list, section, yesOrNo } from './key-types.ts';

export const dialectKeys = {
  dialects: section({
    tags: list(
      { default: [], item: z.enum(TAG_DIALECTS), itemText: TAG_DIALECTS.join(', ') },
      {
        what: 'Tags in the name of a metric, as other dialects of StatsD write them: `influx` is `hits,env=prod:1|c`, `librato` is `hits#env=prod:1|c`, `signalfx` is `hits[env=prod]:1|c`, `graphite` is `hits;env=prod:1|c`.',
        trade: 'Names that hold these characters for another reason change. A value ends at the first colon.',
        when: 'your clients were made for Telegraf, statsd_exporter or Graphite.',
      },
    ),
    relative_gauges: yesOrNo(
      { default: false },
      {
        what: 'A gauge with a sign changes the value (`load:+3|g`), as in plain StatsD. In DogStatsD it sets it to 3 or -3.',
        trade:
          'Lines of gauges are then not cached, and cost several times as much. Each listener thread has values of its own, so one metric should come over one listener with one worker. Values start at 0 after a restart.',
        when: 'your clients count up and down with gauges.',
      },
    ),
    listeners: list(
      {
        default: DIALECT_LISTENERS,
        item: z.enum(DIALECT_LISTENERS),
        itemText: DIALECT_LISTENERS.join(', '),
      },
      {
        what: 'Which listeners understand these dialects: `udp`, `unixgram`, `streams` (Unix streams, pipes and TCP), `http`.',
        trade: 'The others read DogStatsD alone.',
        when: 'clients of DogStatsD and others send to the same server.',
      },
    ),
  }),
};
