/** Keys of the output `plugin` (docs/plugin.md). */
import { entries, entry } from '../../sources/entries.ts';
import { integer, seconds, section, text } from '../key-types.ts';
import { concealReceivers, filterKeys, textMap } from './receiver-keys.ts';

/** Those of one plugin: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  path: text(
    { default: '' },
    {
      what: 'ES module that is given every flush (docs/plugin.md). Setting it is enough; empty turns it off.',
      trade: 'It runs with the rights of the server, in a thread of its own.',
      when: 'you send to a place that whippet does not know.',
    },
  ),
  options: textMap({
    what: 'What the module is given when it starts. In a variable, write JSON.',
    trade: 'Texts only.',
    when: 'the module has settings.',
    allowed: 'a map of names to text',
    conceal: (value) => (typeof value === 'object' && value !== null ? hidden(value) : '********'),
  }),
  timeout_seconds: seconds(
    { default: 30, min: 0.05, max: 3600 },
    {
      what: 'Time one write may take, and loading the module. Then its thread is ended and started again.',
      trade: 'A longer time is patient with slow receivers. What is ahead of a hung write is lost.',
      when: 'what the module sends to is slow.',
    },
  ),
  memory_mib: integer(
    { default: 256, min: 16, max: 65_536, unit: 'MiB' },
    {
      what: 'Heap of the thread of the module. Beyond it, the thread is ended and started again.',
      trade: 'It keeps a leak in the module from taking the memory of the server.',
      when: 'the module needs more.',
    },
  ),
  queue_series: integer(
    { default: 200_000, min: 1000, max: 100_000_000, unit: 'series' },
    {
      what: 'Series, events and service checks that the module has not taken yet. Further ones are dropped and counted.',
      trade: 'A longer queue survives longer pauses and takes about 1 KiB of memory per series.',
      when: 'one flush has more series than this.',
    },
  ),
  ...filterKeys,
};

function hidden(value: object): Record<string, string> {
  return Object.fromEntries(Object.keys(value).map((name) => [name, '********']));
}

export const pluginKeys = {
  plugin: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with path and the other keys of this section' },
      {
        what: 'More plugins, each a map with the keys of this section.',
        trade: 'Each has a thread and memory of its own.',
        when: 'you send to several places that whippet does not know.',
        conceal: concealReceivers,
      },
    ),
  }),
};

export type PluginKeys = Omit<ReturnType<(typeof pluginKeys)['plugin']['parse']>, 'additional'>;
