/** One build, live: its record, and what is told beside it: how long its stages took last time, what still serves. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import type { BuildDocument, BuildPage, HealthCheck, ProjectDocument, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";

const BURST = 100;
/** While a build runs, its stages are asked for now and then: no event tells of them. Milliseconds. */
const STAGES = 2000;

export class OneBuild implements Listener {
  build = $state.raw<BuildPage | null>(null);
  project = $state.raw<ProjectDocument | null>(null);
  /** The last success before it. */
  before = $state.raw<BuildPage | null>(null);
  /** Builds after that success, up to this one, oldest last. */
  since = $state.raw<BuildDocument[]>([]);
  check = $state.raw<HealthCheck | null>(null);
  error = $state.raw<ApiError | null>(null);

  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: number) {}

  watch(): () => void {
    void this.load().then(() => this.compare());
    const leave = live.subscribe({ target: "global" }, this);
    const asking = setInterval(() => {
      if (this.build?.status === "Building" || this.build?.status === "Deploying") void this.load();
    }, STAGES);
    return () => {
      leave();
      clearInterval(asking);
      clearTimeout(this.timer);
    };
  }

  resume(): void {
    void this.load();
  }

  async load(): Promise<void> {
    try {
      this.build = await api.call("GET /api/builds/{build_id}", { path: { build_id: this.id } });
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  /** Find what this build is compared with. Nothing of the page waits for it. */
  private async compare(): Promise<void> {
    if (!this.build) return;
    const { project_id } = this.build;
    try {
      const query = { before_id: this.id, limit: 50 };
      const [project, earlier] = await Promise.all([
        api.call("GET /api/projects/{project}", { path: { project: project_id } }),
        api.call("GET /api/projects/{project}/builds", { path: { project: project_id }, query }),
      ]);
      this.project = project;
      const at = earlier.builds.findIndex((build) => build.status === "Success" && build.trigger !== "rollback");
      this.since = [this.build, ...earlier.builds.slice(0, at < 0 ? undefined : at)];
      const success = earlier.builds[at];
      this.before = success ? await api.call("GET /api/builds/{build_id}", { path: { build_id: success.id } }) : null;
    } catch (error) {
      // The page is whole without; only a connection that is gone is told.
      if (asError(error).code === "UNREACHABLE") this.error = asError(error);
    }
  }

  hear(message: ServerMessage): void {
    switch (message.type) {
      case "build_status":
        if (message.build_id !== this.id) return;
        if (this.build) this.build = { ...this.build, status: message.status };
        if (message.status !== "Deploying") this.check = null;
        this.ageing();
        break;
      case "health_check":
        if (message.build_id === this.id) this.check = message;
        break;
      case "deployment":
      case "error":
        if (message.build_id === this.id) this.ageing();
        break;
      case "connected":
      case "subscribed":
      case "unsubscribed":
      case "pong":
      case "log":
      case "log_batch":
      case "lagged":
      case "container_status":
        break;
      default:
        message satisfies never;
    }
  }

  private ageing(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.load();
      if (!this.project || this.build?.status === "Failed") void this.compare();
    }, BURST);
  }
}
