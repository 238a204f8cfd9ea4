/**
 * Hot path while packets are captured. How much a thread copies: at most so many bytes in each tenth of a second.
 *
 * Copying to memory that no cache holds costs a tenth to a third of what receiving long cached packets does, so at
 * gigabytes a second a copy of everything would slow receiving down. A window lets a burst through whole.
 */

const WINDOWS_PER_SECOND = 10;

export class CopyBudget {
  private readonly windowBytes: number;
  private left: number;
  /** Number of the window since 1970. */
  private window = 0;

  constructor(bytesPerSecond: number) {
    this.windowBytes = bytesPerSecond / WINDOWS_PER_SECOND;
    this.left = this.windowBytes;
  }

  /** Whether nothing more may be copied now, whatever its length. */
  isSpent(seconds: number): boolean {
    const window = Math.floor(seconds * WINDOWS_PER_SECOND);
    // A clock that went back begins a window, too.
    if (window !== this.window) {
      this.window = window;
      this.left = this.windowBytes;
    }
    return this.left <= 0;
  }

  spend(bytes: number): void {
    this.left -= bytes;
  }
}
