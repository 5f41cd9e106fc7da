/** What a project's container prints: the last lines, and those that come, for as long as somebody looks. */

import type { ApiError } from "../link/api.ts";
import { eventsOf } from "../link/sse.ts";
import { api, asError } from "./app.svelte.ts";

/** Lines held, however long one looks. */
const MOST = 5000;
/** Before a stream that ended, or that could not be had, is asked for again. Milliseconds, as all here. */
const AGAIN = 3000;
/** lci says something at once; where nothing gets through, something between holds streams back: then it is asked. */
const PATIENCE = 4000;

export interface RuntimeLine {
  number: number;
  text: string;
}

export class RuntimeLog {
  lines = $state.raw<readonly RuntimeLine[]>([]);
  error = $state.raw<ApiError | null>(null);
  loaded = $state(false);

  private readonly abort = new AbortController();
  private held: RuntimeLine[] = [];
  private number = 0;
  private frame = 0;

  constructor(
    private readonly project: number,
    private readonly tail: number,
  ) {}

  /** Read until the returned function is called. */
  open(): () => void {
    void this.read();
    return () => {
      this.abort.abort();
      cancelAnimationFrame(this.frame);
    };
  }

  private get left(): boolean {
    return this.abort.signal.aborted;
  }

  private async read(): Promise<void> {
    let streams = true;
    while (!this.left) {
      try {
        if (streams) streams = await this.follow();
        else await this.ask();
        this.error = null;
      } catch (error) {
        if (!this.left) this.error = asError(error);
        // Nothing runs: whoever looks asks anew once something does.
        if (this.error?.code === "SLOT_EMPTY") break;
      }
      this.loaded = true;
      if (!this.left) await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }

  /** Read one stream to its end; returns false where streams do not get through. */
  private async follow(): Promise<boolean> {
    const stream = new AbortController();
    const signal = AbortSignal.any([this.abort.signal, stream.signal]);
    const patience = setTimeout(() => stream.abort(), PATIENCE);
    try {
      const answer = await api.fetch(this.address, { headers: { Accept: "text/event-stream" }, signal });
      this.held = [];
      if (answer.body) for await (const { event, data } of eventsOf(answer.body)) {
        clearTimeout(patience);
        this.error = null;
        if (event === "message") this.put((JSON.parse(data) as { text: string }).text);
        else this.show();
      }
      return true;
    } catch (error) {
      if (stream.signal.aborted) return false;
      throw error;
    } finally {
      clearTimeout(patience);
    }
  }

  private async ask(): Promise<void> {
    const { lines } = await (await api.fetch(this.address, { signal: this.abort.signal })).json().then(({ data }) => data as { lines: string[] });
    this.held = [];
    for (const line of lines) this.put(line);
    this.show();
  }

  private get address(): string {
    return `/api/projects/${this.project}/runtime-logs?tail=${this.tail}`;
  }

  private put(text: string): void {
    this.held.push({ number: ++this.number, text });
    if (this.held.length > MOST + 500) this.held = this.held.slice(-MOST);
    this.show();
  }

  /** Tell of new lines once a frame. */
  private show(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.loaded = true;
      this.lines = this.held.slice(-MOST);
    });
  }
}
