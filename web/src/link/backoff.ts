/** Waits between tries to connect: doubling, up to 15 s, each between half and the whole of it, so that pages spread. */

const FIRST = 500;
const LONGEST = 15_000;

export class Backoff {
  private wait = FIRST;

  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds until the next try. */
  next(): number {
    const wait = this.wait;
    this.wait = Math.min(wait * 2, LONGEST);
    return wait * (0.5 + this.random() / 2);
  }

  reset(): void {
    this.wait = FIRST;
  }
}
