/** Captures of a running server: looking back, and saving by itself. */
import { z } from 'zod';
import { integer, list, number, seconds, section, text } from './key-types.ts';

const MIB = 1024 * 1024;

/** What has the server save what it remembers. */
export const CAPTURE_TRIGGERS = ['rejects', 'spike', 'drop', 'contexts'] as const;
export type CaptureTrigger = (typeof CAPTURE_TRIGGERS)[number];

export const captureKeys = {
  capture: section({
    ring_bytes: integer(
      { default: 0, min: 0, max: 4096 * MIB, unit: 'bytes' },
      {
        what: 'Memory, shared by all listeners, that keeps the latest packets so that `whippet capture --last 30s` can look back. `0` turns it off.',
        trade:
          'More memory reaches further back: 64 MiB hold 30 s at 2 MiB/s and 0.6 s at 100 MiB/s. Every packet is copied once, up to `capture.copy_bytes_per_second`.',
        when: 'you want to see afterwards what arrived before an incident.',
      },
    ),
    buffer_bytes: integer(
      { default: 32 * MIB, min: MIB, max: 1024 * MIB, unit: 'bytes' },
      {
        what: 'Memory per listener thread for packets waiting to be written to a capture file, used only during a capture.',
        trade:
          'A larger buffer survives longer pauses of the disk or the network. Packets that do not fit are missing from the file, and counted.',
        when: 'you capture faster than the disk can write.',
      },
    ),
    copy_bytes_per_second: integer(
      { default: 128 * MIB, min: MIB, max: 65_536 * MIB, unit: 'bytes a second' },
      {
        what: 'How much each listener thread copies for captures and for looking back. Of each tenth of a second it copies the first tenth of this; packets beyond are received as always, missing from the file, and counted.',
        trade:
          'Copying costs a listener thread up to a third of its speed at gigabytes a second, and little at this rate. A higher limit keeps every packet of a faster sender.',
        when: 'a listener receives more than this, and you need every packet of it in the file.',
      },
    ),
    triggers: list(
      { default: [], item: z.enum(CAPTURE_TRIGGERS), itemText: CAPTURE_TRIGGERS.join(', ') },
      {
        what: 'Events that make the server save the packets it remembers: many rejected lines (`rejects`), many more packets than before (`spike`), anything dropped (`drop`), or many new contexts (`contexts`). Needs `capture.ring_bytes` and `capture.directory`.',
        trade:
          'The cause of an incident is on disk by the time somebody looks. The files contain tags and the text of events.',
        when: 'nobody is watching when incidents happen.',
      },
    ),
    directory: text(
      { default: '' },
      {
        what: 'Directory for captures that triggers save, each with mode 0600. It must exist.',
        trade: 'When there are more than `capture.files_max` files, the oldest is removed.',
        when: 'you set `capture.triggers`.',
      },
    ),
    files_max: integer(
      { default: 10, min: 1, max: 1000, unit: 'files' },
      {
        what: 'Number of triggered captures kept in `capture.directory`.',
        trade: 'Each is as large as what `capture.ring_bytes` held.',
        when: 'disk space is scarce, or incidents are frequent.',
      },
    ),
    pause_seconds: seconds(
      { default: 300, min: 1, max: 86_400 },
      {
        what: 'Time after a triggered capture during which no trigger saves another.',
        trade: 'A shorter time saves more of a long incident and uses up the files sooner.',
        when: 'you want several captures of one incident.',
      },
    ),
    reject_percent: number(
      { default: 10, min: 0.01, max: 100, unit: 'percent' },
      {
        what: 'Trigger `rejects`: share of the lines received in a second that must be rejected, with a minimum of 10 lines.',
        trade: 'A lower value finds one bad client among many good ones, and saves more often.',
      },
    ),
    spike_factor: number(
      { default: 3, min: 1.1, max: 1000 },
      {
        what: 'Trigger `spike`: how many times the usual number of packets must arrive in one second, with a minimum of 1,000 packets.',
        trade: 'A lower value finds smaller bursts, and saves more often.',
      },
    ),
    contexts_per_second: integer(
      { default: 10_000, min: 1, max: 10_000_000, unit: 'contexts a second' },
      {
        what: 'Trigger `contexts`: number of new contexts in one second that counts as an explosion. The first minute after a start does not count.',
        trade: 'A lower value finds slower growth, and saves at every deployment.',
      },
    ),
  }),
};
