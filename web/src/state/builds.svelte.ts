/** Builds of all projects, newest first, live: all of them, or those of one status. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { Newest } from "../link/newest.ts";
import type { BuildDocument, BuildStatus, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";
import { extended, renewed } from "./lists.ts";

const PAGE = 50;
/** Events come in bursts. Milliseconds, as all here. */
const BURST = 150;
/** Before what could not be had is asked for again. */
const AGAIN = 3000;

export class Builds implements Listener {
  list = $state.raw<BuildDocument[]>([]);
  total = $state(-1);
  error = $state.raw<ApiError | null>(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly newest = new Newest();
  private left = false;

  /** @param status those of which are wanted; null for all. */
  constructor(private readonly status: BuildStatus | null) {}

  watch(): () => void {
    void this.load();
    const leave = live.subscribe({ target: "global" }, this);
    return () => {
      this.left = true;
      leave();
      clearTimeout(this.timer);
    };
  }

  resume(): void {
    void this.load();
  }

  async load(): Promise<void> {
    const number = this.newest.ask();
    try {
      const page = await this.page(null);
      if (!this.newest.take(number)) return;
      this.list = renewed(page.builds, this.list, page.total);
      this.total = page.total;
      this.error = null;
    } catch (thrown) {
      if (!this.newest.isNews(number)) return;
      this.error = asError(thrown);
      this.ageing(AGAIN);
    }
  }

  async more(): Promise<void> {
    try {
      const page = await this.page(this.list.at(-1)?.id ?? null);
      this.list = extended(this.list, page.builds);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  private page(before_id: number | null) {
    return api.call("GET /api/builds", { query: { before_id, limit: PAGE, status: this.status } });
  }

  hear(message: ServerMessage): void {
    if (message.type !== "build_status") return;
    const told = this.list.map((build) => (build.id === message.build_id ? { ...build, status: message.status } : build));
    this.list = told.filter(({ status }) => !this.status || status === this.status);
    this.ageing();
  }

  private ageing(wait = BURST): void {
    this.newest.outdate();
    if (this.left) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, wait);
  }
}
