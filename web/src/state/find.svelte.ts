/** A search over all lines of a log, those that were never shown too: lci itself looks. */

import type { ApiError } from "../link/api.ts";
import type { LogMatches } from "../wire/generated.ts";
import { api, asError } from "./app.svelte.ts";

/** Matches brought at a time; whoever steps beyond them has the next ones brought. */
const MOST = 2000;
/** Milliseconds, as all here. */
const TYPING = 200;
/** Before what was written since is searched too. */
const GROWING = 1000;

export class Find {
  query = $state("");
  regex = $state(false);
  /** Numbers of lines, rising. */
  matches = $state.raw<number[]>([]);
  /** Whether there may be more beyond the matches. */
  more = $state(false);
  index = $state(0);
  asked = $state(false);
  error = $state.raw<ApiError | null>(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private growing: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();
  /** Where the search goes on: after a full catch, or at the end of the log as it was. */
  private from = 1;
  private under = false;

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
    this.abort.abort();
    this.abort = new AbortController();
    this.asked = false;
    this.error = null;
    if (!this.query) this.matches = [];
    else this.timer = setTimeout(() => void this.begin(near), TYPING);
  }

  /** The log has `total` lines by now: those that are new are searched too, now and then. */
  grown(total: number): void {
    if (!this.query || !this.asked || this.more || total < this.from) return;
    this.growing ??= setTimeout(() => {
      this.growing = undefined;
      if (this.query && this.asked) void this.goOn();
    }, GROWING);
  }

  private async begin(near: number): Promise<void> {
    this.from = 1;
    if (!(await this.goOn([]))) return;
    this.asked = true;
    const next = this.matches.findIndex((number) => number >= near);
    this.go(next < 0 ? 0 : next);
  }

  /** Bring the next matches after those `known`; returns whether they came, and are still wanted. */
  private async goOn(known: readonly number[] = this.matches): Promise<boolean> {
    const { signal } = this.abort;
    this.under = true;
    try {
      const found: number[] = [];
      let from: number | null = this.from;
      let total = 0;
      // An answer may end early where lines are long.
      while (from !== null && found.length < MOST) {
        const query = { q: this.query, regex: this.regex, from, limit: MOST - found.length };
        const answer: LogMatches = await api.call("GET /api/builds/{build_id}/logs/search", { path: { build_id: this.build }, query, signal });
        for (const { number } of answer.lines) found.push(number);
        from = answer.next_from;
        total = answer.total;
      }
      if (signal.aborted) return false;
      this.more = from !== null;
      this.from = from ?? Math.max(total, this.from - 1) + 1;
      this.matches = [...known, ...found];
      return true;
    } catch (error) {
      if (!signal.aborted) this.error = asError(error);
      return false;
    } finally {
      if (this.abort.signal === signal) this.under = false;
    }
  }

  /** Go to the next match, or back; round at either end, once the last is known. */
  async step(by: 1 | -1): Promise<void> {
    const isLast = this.index === this.matches.length - 1;
    if (by > 0 && isLast && this.more && (this.under || !(await this.goOn()))) return;
    if (this.matches.length) this.go((this.index + by + this.matches.length) % this.matches.length);
  }

  private go(index: number): void {
    this.index = index;
    const line = this.matches[index];
    if (line !== undefined) this.show(line);
  }
}
