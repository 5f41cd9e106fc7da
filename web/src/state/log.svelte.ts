/** One build's log, brought in: pages as they are looked at, live lines as they come, matches as they are asked for. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { LogModel, PAGE } from "../log/model.ts";
import type { LogLineDocument, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";

/** Requests for pages under way at a time; what is in view now comes before what was in view. */
const AT_ONCE = 3;

export class Log implements Listener {
  readonly model = new LogModel();
  /** Grows when the model has changed, once a frame at most. */
  version = $state(0);
  loaded = $state(false);
  error = $state.raw<ApiError | null>(null);
  lagging = $state(false);

  private readonly asking = new Set<number>();
  private wanted: [number, number] = [1, 1];
  private ended = false;
  private frame = 0;

  constructor(readonly build: number) {}

  /** Bring in the end of the log, then what is written from there on, until the returned function is called. */
  open(): () => void {
    let leave: () => void = () => undefined;
    let left = false;
    void this.begin().then(() => {
      if (left) return;
      leave = live.subscribe({ target: "build", build_id: this.build, next: () => this.model.total + 1 }, this);
    });
    return () => {
      left = true;
      leave();
    };
  }

  private async begin(): Promise<void> {
    try {
      const path = { build_id: this.build };
      const [tail] = await Promise.all([
        api.call("GET /api/builds/{build_id}/logs", { path, query: { tail: PAGE } }),
        this.learnStages(),
      ]);
      this.model.total = tail.total;
      this.put(tail.lines);
      this.ended = tail.complete;
    } catch (error) {
      this.error = asError(error);
    }
    this.loaded = true;
  }

  /** Ask where the stages begin: when the log is opened, and when one has begun. */
  async learnStages(): Promise<void> {
    const { stages } = await api.call("GET /api/builds/{build_id}/logs/stages", { path: { build_id: this.build } });
    this.model.sections = stages.map(({ stage, first_line: first }) => ({ stage, first }));
    this.changed();
  }

  /** Say which lines are looked at; those that are not here are asked for. */
  look(first: number, last: number): void {
    this.wanted = [first, last];
    this.askForMissing();
  }

  private askForMissing(): void {
    for (const page of this.model.missing(...this.wanted)) {
      if (this.asking.size >= AT_ONCE) return;
      if (!this.asking.has(page)) void this.ask(page);
    }
  }

  private async ask(page: number): Promise<void> {
    this.asking.add(page);
    try {
      const query = { from: page * PAGE + 1, limit: PAGE };
      const { lines } = await api.call("GET /api/builds/{build_id}/logs", { path: { build_id: this.build }, query });
      this.put(lines);
      this.error = null;
      // A page of very long lines comes in parts.
      if (lines.length) queueMicrotask(() => this.askForMissing());
    } catch (error) {
      this.error = asError(error);
    } finally {
      this.asking.delete(page);
    }
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
    const query = { from: this.model.total + 1, limit: 5000 };
    const path = { build_id: this.build };
    const page = await api.call("GET /api/builds/{build_id}/logs", { path, query }).catch(() => null);
    if (!page) return;
    for (const line of page.lines) this.model.enter(line.stage, line.number);
    this.put(page.lines);
    this.ended = page.complete && page.lines.length === 0;
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

  /** The lines themselves, however many: what is not here is fetched. */
  async lines(first: number, last: number): Promise<string[]> {
    for (let from = first; from <= last; ) {
      const lacking = this.model.missing(from, last)[0];
      if (lacking === undefined) break;
      await this.ask(lacking);
      if (this.error) throw this.error;
      from = Math.max(from, lacking * PAGE + 1);
    }
    return Array.from({ length: last - first + 1 }, (_, i) => this.model.line(first + i)?.text ?? "");
  }
}
