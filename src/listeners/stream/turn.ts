/**
 * Hot path. How long one connection may keep the thread before the others have their turn.
 *
 * Bytes bound it where lines are known (1 MiB takes about a millisecond), time where they are new. The clock
 * is read every few packets only.
 */

const TURN_BYTES = 1 << 20;
const TURN_MS = 2;
/** Packets between two looks at the clock, and bytes. 8 KiB of uncached lines take a few milliseconds at worst. */
const LOOK_PACKETS = 32;
const LOOK_BYTES = 8192;

export class Turn {
  private bytesLeft = 0;
  private endsAt = 0;
  private packetsToLook = 0;
  private bytesToLook = 0;

  begin(): void {
    this.bytesLeft = TURN_BYTES;
    this.endsAt = performance.now() + TURN_MS;
    this.packetsToLook = LOOK_PACKETS;
    this.bytesToLook = LOOK_BYTES;
  }

  /** Notes a packet; true when the turn is over. */
  spend(bytes: number): boolean {
    this.bytesLeft -= bytes;
    this.bytesToLook -= bytes;
    if (--this.packetsToLook > 0 && this.bytesToLook > 0) return this.bytesLeft <= 0;
    this.packetsToLook = LOOK_PACKETS;
    this.bytesToLook = LOOK_BYTES;
    return this.bytesLeft <= 0 || performance.now() > this.endsAt;
  }
}
