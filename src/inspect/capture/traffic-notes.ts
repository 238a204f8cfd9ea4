/** What there is to say about recorded traffic that could not be read whole, a sentence each; none when all of it was. */
import type { DogFacts } from './dog-decoder.ts';
import type { PcapFacts } from './pcap-decoder.ts';
import type { TrafficFacts } from './traffic.ts';

const FAULTS: Readonly<Record<string, string>> = {
  cut_varint: 'a number is cut off',
  long_varint: 'a number is too long',
  bad_field_number: 'a field has no valid number',
  bad_wire_type: 'a field has no valid type',
  cut_field: 'a field is longer than the record',
  too_long: 'longer than any packet',
};
const SKIPS: Readonly<Record<string, string>> = {
  unknown_link: 'of a link type that is not known',
  fragment: 'fragments of larger datagrams',
  cut: 'shorter than their headers',
};
const PORTS_SHOWN = 5;

export function trafficNotes({ capture, network, trace, compression }: TrafficFacts): string[] {
  const notes: string[] = [];
  if (compression !== undefined) notes.push(`${compression}; what comes after that is lost`);
  if (capture !== undefined) notes.push(...captureNotes(capture));
  if (network !== undefined) notes.push(...networkNotes(network));
  if (trace !== undefined && trace.cutCalls > 0)
    notes.push(`${count(trace.cutCalls, 'call')} of the trace ${are(trace.cutCalls)} cut; see -s of strace`);
  return notes;
}

function captureNotes({ badRecords, firstBad, end }: DogFacts): string[] {
  const notes: string[] = [];
  for (const [fault, number] of badRecords) {
    const first = firstBad.find((one) => one.fault === fault);
    const where = first === undefined ? '' : `, the first at byte ${first.at}`;
    notes.push(`${count(number, 'record')} cannot be read (${FAULTS[fault]}${where}); passed over`);
  }
  if (end.kind === 'truncated_record') {
    const { bytes, wantedBytes, at } = end;
    notes.push(
      `the last record, at byte ${at}, is cut: ${bytes} of its ${wantedBytes} bytes are there, and lost`,
    );
  } else if (end.kind === 'end_of_file' && end.looseBytes > 0) {
    notes.push(`${count(end.looseBytes, 'byte')} at the end of the file begin no record`);
  } else if (end.kind === 'separator' && end.problem !== undefined) {
    notes.push(`the tags of the workloads cannot be used: ${end.problem}`);
  } else if (end.kind === 'separator' && end.state !== undefined && end.state.note.droppedPackets > 0) {
    const { droppedPackets, droppedBytes } = end.state.note;
    const lost = `${count(droppedPackets, 'packet')} of ${count(droppedBytes, 'byte')}`;
    notes.push(`${lost} did not fit while this was captured and are missing`);
  }
  return notes;
}

function networkNotes({ records, skipped, otherPorts, problem }: PcapFacts): string[] {
  const notes: string[] = [];
  if (problem !== undefined) notes.push(problem);
  for (const [reason, number] of skipped) {
    const words = SKIPS[reason];
    if (words !== undefined) notes.push(`${count(number, 'frame')} ${are(number)} left out: ${words}`);
  }
  if (records === 0 && otherPorts.size > 0) {
    const ports = [...otherPorts].sort((a, b) => b[1] - a[1]).slice(0, PORTS_SHOWN);
    const shown = ports.map(([port, number]) => `${port} (${count(number, 'datagram')})`).join(', ');
    notes.push(`no datagram went to the port asked for; --port chooses another: ${shown}`);
  }
  return notes;
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

function are(number: number): string {
  return number === 1 ? 'is' : 'are';
}
