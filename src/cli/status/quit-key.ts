/** Waiting that ends when `q` or ctrl-c is typed on a terminal. */

/** The part of standard input that is needed. */
export interface QuitInput {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
  on(event: 'data', listener: (data: Buffer | string) => void): unknown;
  off(event: 'data', listener: (data: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export class QuitKey {
  private readonly input: QuitInput | undefined;
  private isPressed = false;
  private wake: () => void = () => undefined;

  /** Without an input, or with one that is no terminal, it only waits. */
  constructor(input: QuitInput | undefined) {
    this.input = input?.isTTY === true ? input : undefined;
    this.input?.setRawMode?.(true);
    this.input?.on('data', this.onData);
    this.input?.resume();
  }

  /** Resolves after `ms`, or with false as soon as it was pressed. */
  async sleep(ms: number): Promise<boolean> {
    if (this.isPressed) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return !this.isPressed;
  }

  close(): void {
    this.input?.off('data', this.onData);
    this.input?.setRawMode?.(false);
    this.input?.pause();
  }

  private readonly onData = (data: Buffer | string): void => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ctrl-c is one in raw mode
    if (!/[qQ\x03]/.test(String(data))) return;
    this.isPressed = true;
    this.wake();
  };
}
