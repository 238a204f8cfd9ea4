/** Why a packet was not sent on. The words are labels of metrics. */
export const FORWARD_FAILURES = [
  /** The target's machine said that no one listens there. */
  'refused',
  /** The socket's send buffer, or the queue of the network device, is full. */
  'would_block',
  /** Longer than a UDP datagram can be. */
  'too_long',
  /** There is no route to the target, or the system does not allow it. */
  'unreachable',
  /** The name of the target has not been resolved yet. */
  'unresolved',
  /** The packet was cut on receipt, and no whole line of it is there. */
  'truncated',
] as const;

export type ForwardFailure = (typeof FORWARD_FAILURES)[number];

/** Counters of a listener thread's forwarder, in the order of the shared memory. */
export const FORWARD_COUNTERS = [
  'forwardedPackets',
  'forwardedBytes',
  /** Packets that Node holds and has not sent yet. */
  'forwardUnsentPackets',
  /** Times the kernel told that the target's machine refused an earlier packet. */
  'forwardRefusals',
  ...FORWARD_FAILURES.map((reason) => `forward:${reason}` as const),
] as const;
