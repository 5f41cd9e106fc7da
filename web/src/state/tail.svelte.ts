/** The last few lines of a build that runs, and no more of its log. */

import type { Listener } from "../link/live.ts";
import type { ServerMessage, Stream } from "../wire/generated.ts";
import { api, live } from "./app.svelte.ts";

export const LINES = 3;

export interface TailLine {
  number: number;
  text: string;
}

export class Tail implements Listener {
  lines = $state.raw<TailLine[]>([]);
  private last = 0;
  private held: TailLine[] = [];
  private frame = 0;
  private asking = false;

  constructor(private readonly build: number) {}

  /** Follow the end until the returned function is called. */
  open(): () => void {
    let leave: () => void = () => undefined;
    let left = false;
    void this.ask().then(() => {
      if (!left) leave = live.subscribe({ target: "build", build_id: this.build, next: () => this.last + 1 }, this);
    });
    return () => {
      left = true;
      leave();
      cancelAnimationFrame(this.frame);
    };
  }

  resume(): void {
    if (live.state !== "open") void this.ask();
  }

  /** A card without its last lines is whole otherwise: what could not be had is asked for with the next chance. */
  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const path = { build_id: this.build };
    const found = await api.call("GET /api/builds/{build_id}/logs", { path, query: { tail: LINES } }).catch(() => null);
    this.asking = false;
    for (const { number, text } of found?.lines ?? []) this.put(number, text);
  }

  hear(message: ServerMessage): void {
    if (message.type === "log_batch") this.batch(message.lines);
    else if (message.type === "log") this.put(message.line_number, message.line);
  }

  private batch(lines: readonly [number, string, Stream, string][]): void {
    for (const [number, , , text] of lines.slice(-LINES)) this.put(number, text);
  }

  private put(number: number, text: string): void {
    if (number <= this.last) return;
    this.last = number;
    this.held = [...this.held, { number, text }].slice(-LINES);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.lines = this.held;
    });
  }
}
