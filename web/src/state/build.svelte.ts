/** One build, live: its record, and what is told beside it: how long its stages usually take, what still serves. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { Newest } from "../link/newest.ts";
import type { BuildDocument, BuildPage, HealthCheck, ProjectDocument, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";
import { usualOf } from "./usual.ts";

const BURST = 100;
/** While a build runs, its stages are asked for now and then: no event tells of them. Milliseconds. */
const STAGES = 2000;
/** Before what could not be had is asked for again. */
const AGAIN = 3000;
/** Successes whose times tell what is usual. */
const SAMPLES = 5;

export class OneBuild implements Listener {
  build = $state.raw<BuildPage | null>(null);
  project = $state.raw<ProjectDocument | null>(null);
  /** The last success before it. */
  before = $state.raw<BuildPage | null>(null);
  /** Builds after that success, up to this one, oldest last. */
  since = $state.raw<BuildDocument[]>([]);
  /** Seconds that a stage usually takes. */
  usual = $state.raw<Record<string, number>>({});
  /** Whether `before` and `since` are known. */
  compared = $state(false);
  check = $state.raw<HealthCheck | null>(null);
  error = $state.raw<ApiError | null>(null);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private projectTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly newest = new Newest();
  private readonly newestProject = new Newest();
  private comparing = false;
  private left = false;

  constructor(readonly id: number) {}

  watch(): () => void {
    void this.load();
    const leave = live.subscribe({ target: "global" }, this);
    const asking = setInterval(() => {
      if (this.build?.status === "Building" || this.build?.status === "Deploying") void this.load();
    }, STAGES);
    return () => {
      this.left = true;
      leave();
      clearInterval(asking);
      clearTimeout(this.timer);
      clearTimeout(this.projectTimer);
    };
  }

  resume(): void {
    void this.load();
    if (this.project) void this.renewProject();
  }

  async load(): Promise<void> {
    const number = this.newest.ask();
    try {
      const build = await api.call("GET /api/builds/{build_id}", { path: { build_id: this.id } });
      if (!this.newest.take(number)) return;
      this.build = build;
      this.error = null;
      if (!this.project) await this.renewProject();
      if (!this.compared && !this.comparing) await this.compare(build);
    } catch (thrown) {
      if (!this.newest.isNews(number)) return;
      this.error = asError(thrown);
      if (this.build && this.error.status !== 404) this.ageing(AGAIN);
    }
  }

  /** Ask what serves now. Nothing else of the page waits for it. */
  private async renewProject(): Promise<void> {
    if (!this.build) return;
    const number = this.newestProject.ask();
    try {
      const project = await api.call("GET /api/projects/{project}", { path: { project: this.build.project_id } });
      if (this.newestProject.take(number)) this.project = project;
    } catch (thrown) {
      if (!this.newestProject.isNews(number)) return;
      this.error = asError(thrown);
      if (this.error.status !== 404) this.serving(AGAIN);
    }
  }

  /** Find what this build is compared with: it lies before it, and changes no more. */
  private async compare(build: BuildPage): Promise<void> {
    this.comparing = true;
    const call = "GET /api/projects/{project}/builds";
    const path = { project: build.project_id };
    try {
      const [successes, earlier] = await Promise.all([
        api.call(call, { path, query: { before_id: this.id, status: "Success", limit: 4 * SAMPLES } }),
        api.call(call, { path, query: { before_id: this.id, limit: 50 } }),
      ]);
      // What somebody proposes is nothing that the project had.
      const own = ({ pull_request }: BuildDocument) => pull_request === null;
      const built = successes.builds.filter((each) => each.trigger !== "rollback" && own(each)).slice(0, SAMPLES);
      const pages = await Promise.all(built.map(({ id }) => api.call("GET /api/builds/{build_id}", { path: { build_id: id } })));
      this.usual = usualOf(pages);
      this.before = pages[0] ?? null;
      this.since = [build, ...earlier.builds.filter((each) => each.id > (this.before?.id ?? 0) && own(each))];
      this.compared = true;
    } catch (thrown) {
      this.error = asError(thrown);
      if (this.error.status !== 404) this.ageing(AGAIN);
    } finally {
      this.comparing = false;
    }
  }

  hear(message: ServerMessage): void {
    switch (message.type) {
      case "build_status":
        if (message.build_id === this.id) this.changed(message.status);
        else if (message.project_id === this.build?.project_id) this.serving();
        break;
      case "health_check":
        if (message.build_id === this.id) this.check = message;
        break;
      case "deployment":
        if (message.build_id === this.id) this.ageing();
        if (message.project_id === this.build?.project_id) this.serving();
        break;
      case "container_status":
        if (message.project_id === this.build?.project_id) this.serving();
        break;
      case "error":
        if (message.build_id === this.id) this.ageing();
        break;
      case "system_status":
      case "connected":
      case "subscribed":
      case "unsubscribed":
      case "pong":
      case "log":
      case "log_batch":
      case "lagged":
        break;
      default:
        message satisfies never;
    }
  }

  private changed(status: BuildPage["status"]): void {
    if (this.build) this.build = { ...this.build, status };
    if (status !== "Deploying") this.check = null;
    this.ageing();
    this.serving();
  }

  private ageing(wait = BURST): void {
    this.newest.outdate();
    clearTimeout(this.timer);
    if (!this.left) this.timer = setTimeout(() => void this.load(), wait);
  }

  /** What serves may be another version by now, whoever deployed it. */
  private serving(wait = BURST): void {
    this.newestProject.outdate();
    clearTimeout(this.projectTimer);
    if (!this.left) this.projectTimer = setTimeout(() => void this.renewProject(), wait);
  }
}
