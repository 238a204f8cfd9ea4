/**
 * Sends datagrams from several sockets in turn, as several clients do: each call to send() goes out of the next one.
 *
 * How many of them the receiver serves with which thread is the kernel's choice, by their ports.
 */
import type { BatchSender, PacketList } from '../../src/listeners/system/send-batch.ts';

/** Datagrams that one client sends before the next one has its turn. */
const TURN_PACKETS = 8;

export class ClientSenders {
  /** Errno that ended the last send() early; 0 when it came to its end. */
  stoppedBy = 0;
  private readonly clients: readonly BatchSender[];
  private turn = 0;

  constructor(clients: readonly BatchSender[]) {
    this.clients = clients;
  }

  get packets(): number {
    return this.clients.reduce((sum, { packets }) => sum + packets, 0);
  }

  get bytes(): number {
    return this.clients.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get oversized(): number {
    return this.clients.reduce((sum, { oversized }) => sum + oversized, 0);
  }

  /** Sends packets [start, end); the index after the last that is dealt with. */
  send(packets: PacketList, start: number, end: number): number {
    let next = start;
    while (next < end) {
      const client = this.clients[this.turn++ % this.clients.length] as BatchSender;
      next = client.send(packets, next, Math.min(next + TURN_PACKETS, end));
      this.stoppedBy = client.stoppedBy;
      if (this.stoppedBy !== 0) break;
    }
    return next;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}
