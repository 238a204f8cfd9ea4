/** Keys of the output `file` (docs/outputs.md). */
import { entries, entry } from '../../sources/entries.ts';
import { section, text } from '../key-types.ts';
import { filterKeys } from './receiver-keys.ts';

/** Those of one file: of the section itself, and of each entry of `additional`. */
const oneFile = {
  path: text(
    { default: '' },
    {
      what: 'File to which every flushed series is appended, one JSON object per line. Empty turns it off.',
      trade: 'It keeps everything for other tools to read; the file grows until something rotates it.',
      when: 'you ship the data with another tool, or compare servers.',
    },
  ),
  ...filterKeys,
};

export const fileKeys = {
  file: section({
    ...oneFile,
    additional: entries(
      { item: entry(oneFile), itemText: 'maps with path, match and tags' },
      {
        what: 'More files, each a map with the keys of this section and its own filter.',
        trade: 'Each takes memory of its own while its disk does not keep up.',
        when: 'you keep the data of different teams in different files.',
      },
    ),
  }),
};

export type FileKeys = Omit<ReturnType<(typeof fileKeys)['file']['parse']>, 'additional'>;
