/** A search over all lines of a log, those that were never shown too: lci itself looks. */

import type { ApiError } from "../link/api.ts";
import type { LogMatches } from "../wire/generated.ts";
import { api, asError } from "./app.svelte.ts";

const MOST = 2000;
const TYPING = 200;

export class Find {
  query = $state("");
  regex = $state(false);
  /** Numbers of lines, rising. */
  matches = $state.raw<number[]>([]);
  more = $state(false);
  index = $state(0);
  asked = $state(false);
  error = $state.raw<ApiError | null>(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | null = null;

  constructor(
    private readonly build: number,
    private readonly show: (line: number) => void,
  ) {}

  get current(): number | undefined {
    return this.matches[this.index];
  }

  /** Search once typing has paused; from `near` on comes the first match that is shown. */
  changed(near: number): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.asked = false;
    this.error = null;
    if (!this.query) this.matches = [];
    else this.timer = setTimeout(() => void this.ask(near), TYPING);
  }

  private async ask(near: number): Promise<void> {
    this.abort = new AbortController();
    try {
      const matches: number[] = [];
      let from: number | null = 0;
      // An answer may end early where lines are long.
      while (from !== null && matches.length < MOST) {
        const found: LogMatches = await api.call("GET /api/builds/{build_id}/logs/search", {
          path: { build_id: this.build },
          query: { q: this.query, regex: this.regex, from, limit: MOST - matches.length },
          signal: this.abort.signal,
        });
        for (const line of found.lines) matches.push(line.number);
        from = found.next_from;
      }
      this.matches = matches;
      this.more = from !== null;
      this.asked = true;
      const next = this.matches.findIndex((number) => number >= near);
      this.go(next < 0 ? 0 : next);
    } catch (error) {
      if (!(error instanceof DOMException)) this.error = asError(error);
    }
  }

  /** Go to the next match, or back; round at either end. */
  step(by: 1 | -1): void {
    if (this.matches.length) this.go((this.index + by + this.matches.length) % this.matches.length);
  }

  private go(index: number): void {
    this.index = index;
    const line = this.matches[index];
    if (line !== undefined) this.show(line);
  }
}
