/** A whole log as text, with times, as it is downloaded: read on where it was read to, never anew. */

import type { ApiError } from "../link/api.ts";
import { api, asError } from "./app.svelte.ts";

const PAGE = 5000;

export class RawLog {
  chunks = $state.raw<readonly string[]>([]);
  error = $state.raw<ApiError | null>(null);

  private next = 1;
  private goesOn = false;
  private reading = false;
  private left = false;

  constructor(private readonly build: number) {}

  close(): void {
    this.left = true;
  }

  /** Read what there is beyond what is read. */
  async readOn(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      for (let total = this.next; this.next <= total && !this.left; ) {
        const query = { from: this.next, limit: PAGE };
        const page = await api.call("GET /api/builds/{build_id}/logs", { path: { build_id: this.build }, query });
        const last = page.lines.at(-1);
        if (!last) break;
        this.chunks = [...this.chunks, page.lines.map((line) => this.textOf(line)).join("")];
        this.next = last.number + 1;
        total = page.total;
      }
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    } finally {
      this.reading = false;
    }
  }

  /** A line that was stored in pieces is whole again. */
  private textOf({ timestamp, text, continued }: { timestamp: string; text: string; continued: boolean }): string {
    const begun = this.goesOn;
    this.goesOn = continued;
    return `${begun ? "" : `${timestamp} `}${text}${continued ? "" : "\n"}`;
  }
}
