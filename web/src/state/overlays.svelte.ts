/** What lies over the page, and the word that is said in passing. */

class Overlays {
  open = $state<"palette" | "keys" | null>(null);
  said = $state("");
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Say that something worked. What did not is shown where it was asked for, and stays. */
  say(what: string): void {
    this.said = what;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.said = ""), 6000);
  }
}
export const overlays = new Overlays();
