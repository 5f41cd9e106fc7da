/**
 * Which of several answers to one question may be taken. Answers come in any order, and events tell of what is newer
 * than an answer that is still on its way.
 */
export class Newest {
  private asked = 0;
  private taken = 0;

  /** A question goes out; returns its number. */
  ask(): number {
    return ++this.asked;
  }

  /** Whether the answer to a question tells more than what is known by now. */
  isNews(number: number): boolean {
    return number > this.taken;
  }

  /** As `isNews`; from then on, this answer is what is known. */
  take(number: number): boolean {
    if (!this.isNews(number)) return false;
    this.taken = number;
    return true;
  }

  /** Something is known that the answers on their way do not know. */
  outdate(): void {
    this.taken = this.asked;
  }
}
