/** One build's log, brought in: pages as they are looked at, live lines as they come, matches as they are asked for. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { LogModel, PAGE, pageOf } from "../log/model.ts";
import type { LogLineDocument, LogMatches, LogPage, LogQuery, LogSearchQuery, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";

/** Requests for pages under way at a time; what is in view now comes before what was in view. */
const AT_ONCE = 3;
/** Before what could not be had is asked for again. Milliseconds. */
const AGAIN = 3000;

export class Log implements Listener {
  readonly model = new LogModel();
  /** Grows when the model has changed, once a frame at most. */
  version = $state(0);
  loaded = $state(false);
  error = $state.raw<ApiError | null>(null);
  lagging = $state(false);

  /** The pages that are asked for. */
  private readonly asking = new Set<number>();
  private wanted: [number, number] = [1, 1];
  private ended = false;
  private left = false;
  private frame = 0;
  private stagesAsked = 0;
  private reading = false;

  constructor(readonly build: number) {}

  /** Bring in the end of the log, then what is written from there on, until the returned function is called. */
  open(): () => void {
    let leave: () => void = () => undefined;
    void this.insist(() => this.begin()).then((begun) => {
      if (!begun || this.left) return;
      leave = live.subscribe({ target: "build", build_id: this.build, next: () => this.model.total + 1 }, this);
      // Nothing waits for them: until they are known, what makes them is a line like others.
      void this.insist(() => this.learnGroups());
    });
    return () => {
      this.left = true;
      leave();
    };
  }

  private async begin(): Promise<void> {
    try {
      const [tail] = await Promise.all([this.ask({ tail: PAGE }), this.learnStages()]);
      this.model.total = tail.total;
      this.put(tail.lines);
      this.ended = tail.complete;
    } finally {
      this.loaded = true;
    }
  }

  /** Do what the log is not whole without until it is done; false where there is no such log, or it is left before. */
  private async insist(work: () => Promise<void>): Promise<boolean> {
    while (!this.left) {
      try {
        await work();
        this.error = null;
        return true;
      } catch (error) {
        this.error = asError(error);
        if (this.error.status === 404) return false;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
    return false;
  }

  private ask(query: LogQuery): Promise<LogPage> {
    return api.call("GET /api/builds/{build_id}/logs", { path: { build_id: this.build }, query });
  }

  /** A stage has begun: find out with which line, for live lines do not say of which stage they are. */
  stageBegun(): void {
    void this.insist(() => this.learnStages());
  }

  private async learnStages(): Promise<void> {
    const asked = ++this.stagesAsked;
    const { stages } = await api.call("GET /api/builds/{build_id}/logs/stages", { path: { build_id: this.build } });
    if (asked < this.stagesAsked) return;
    this.model.sections = stages.map(({ stage, first_line: first }) => ({ stage, first }));
    this.changed();
  }

  /** Learn of the groups in lines that are not here. */
  private async learnGroups(): Promise<void> {
    for (let from: number | null = 1; from !== null; ) {
      const query: LogSearchQuery = { q: "group::", from, limit: 5000 };
      const found: LogMatches = await api.call("GET /api/builds/{build_id}/logs/search", { path: { build_id: this.build }, query });
      for (const { number, text } of found.lines) this.model.mark(number, text);
      from = found.next_from;
    }
    this.changed();
  }

  /** Say which lines are looked at; those that are not here are asked for. */
  look(first: number, last: number): void {
    this.wanted = [first, last];
    this.askForMissing();
  }

  private askForMissing(): void {
    for (const hole of this.model.missing(...this.wanted)) {
      if (this.asking.size >= AT_ONCE) return;
      if (!this.asking.has(pageOf(hole))) void this.fill(hole);
    }
  }

  /** Bring in a page from its first missing line on; one of very long lines comes in parts. */
  private async fill(hole: number): Promise<void> {
    const page = pageOf(hole);
    this.asking.add(page);
    let brought = 0;
    try {
      const { lines } = await this.ask({ from: hole, limit: (page + 1) * PAGE - hole + 1 });
      this.put(lines);
      this.error = null;
      brought = lines.length;
    } catch (error) {
      this.error = asError(error);
    } finally {
      this.asking.delete(page);
    }
    if (brought) this.askForMissing();
  }

  private put(lines: readonly LogLineDocument[]): void {
    for (const line of lines) this.model.put(line.number, line.timestamp, line.stream, line.text);
    this.changed();
  }

  /** Tell of changes once a frame, however many messages bring them. */
  private changed(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.version += 1;
    });
  }

  /** Without a live channel the log is read on from where it is known. */
  resume(): void {
    if (!this.ended && live.state !== "open") void this.readOn();
  }

  private async readOn(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      const page = await this.ask({ from: this.model.total + 1, limit: 5000 });
      for (const line of page.lines) this.model.enter(line.stage, line.number);
      this.put(page.lines);
      this.ended = page.complete && page.lines.length === 0;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    } finally {
      this.reading = false;
    }
  }

  hear(message: ServerMessage): void {
    switch (message.type) {
      case "log_batch":
        for (const [number, timestamp, stream, text] of message.lines) this.model.put(number, timestamp, stream, text);
        this.changed();
        break;
      case "log":
        this.model.enter(message.stage, message.line_number);
        this.model.put(message.line_number, message.timestamp, message.stream, message.line);
        this.changed();
        break;
      case "lagged":
        this.lagging = true;
        setTimeout(() => (this.lagging = false), 5000);
        break;
      case "build_status":
        this.ended = message.status === "Success" || message.status === "Failed" || message.status === "Cancelled";
        break;
      case "system_status":
      case "connected":
      case "subscribed":
      case "unsubscribed":
      case "pong":
      case "health_check":
      case "deployment":
      case "container_status":
      case "error":
        break;
      default:
        message satisfies never;
    }
  }

  /** The lines themselves, however many: what is not here is fetched, and not kept. Throws ApiError. */
  async lines(first: number, last: number): Promise<string[]> {
    const texts: string[] = [];
    while (first + texts.length <= last) {
      const number = first + texts.length;
      const held = this.model.line(number);
      if (held) texts.push(held.text);
      else {
        const { lines } = await this.ask({ from: number, limit: Math.min(last - number + 1, 5000) });
        if (!lines.length) break;
        for (const { text } of lines) texts.push(text);
      }
    }
    return texts;
  }
}
