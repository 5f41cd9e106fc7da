/** One project, live: its record, its builds and its deployments. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { Newest } from "../link/newest.ts";
import type { BuildDocument, DeploymentDocument, HealthCheck, ProjectDocument, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";
import { extended, renewed } from "./lists.ts";

const BURST = 150;
/** Before what could not be had is asked for again. Milliseconds, as all here. */
const AGAIN = 3000;
/** No event tells that somebody has changed the project: it is asked for so often. */
const REFRESH = 30_000;
const PAGE = 25;

export class OneProject implements Listener {
  project = $state.raw<ProjectDocument | null>(null);
  builds = $state.raw<BuildDocument[]>([]);
  buildsTotal = $state(-1);
  deployments = $state.raw<DeploymentDocument[]>([]);
  deploymentsTotal = $state(-1);
  check = $state.raw<HealthCheck | null>(null);
  error = $state.raw<ApiError | null>(null);

  /** Set while it is being removed: what is told of it then is no news. */
  leaving = false;

  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly newest = new Newest();

  constructor(readonly name: string) {}

  watch(): () => void {
    void this.load();
    const leave = live.subscribe({ target: "global" }, this);
    const refreshing = setInterval(() => document.hidden || this.leaving || void this.load(), REFRESH);
    return () => {
      leave();
      clearInterval(refreshing);
      clearTimeout(this.timer);
      this.leaving = true;
    };
  }

  resume(): void {
    void this.load();
  }

  async load(): Promise<void> {
    const path = { project: this.name };
    const number = this.newest.ask();
    try {
      const [project, builds, deployments] = await Promise.all([
        api.call("GET /api/projects/{project}", { path }),
        api.call("GET /api/projects/{project}/builds", { path, query: { limit: PAGE } }),
        api.call("GET /api/projects/{project}/deployments", { path, query: { limit: PAGE } }),
      ]);
      if (!this.newest.take(number)) return;
      this.project = project;
      this.builds = renewed(builds.builds, this.builds, builds.total);
      this.buildsTotal = builds.total;
      this.deployments = renewed(deployments.deployments, this.deployments, deployments.total);
      this.deploymentsTotal = deployments.total;
      this.error = null;
    } catch (thrown) {
      if (!this.newest.isNews(number)) return;
      this.error = asError(thrown);
      if (this.project && this.error.status !== 404) this.ageing(AGAIN);
    }
  }

  async moreBuilds(): Promise<void> {
    const before_id = this.builds.at(-1)?.id ?? null;
    const page = await api.call("GET /api/projects/{project}/builds", { path: { project: this.name }, query: { before_id, limit: PAGE } });
    this.builds = extended(this.builds, page.builds);
  }

  async moreDeployments(): Promise<void> {
    const before_id = this.deployments.at(-1)?.id ?? null;
    const query = { before_id, limit: PAGE };
    const page = await api.call("GET /api/projects/{project}/deployments", { path: { project: this.name }, query });
    this.deployments = extended(this.deployments, page.deployments);
  }

  hear(message: ServerMessage): void {
    switch (message.type) {
      case "build_status":
        if (message.project_id !== this.project?.id) return;
        this.builds = this.builds.map((build) => (build.id === message.build_id ? { ...build, status: message.status } : build));
        if (message.status !== "Deploying") this.check = null;
        this.ageing();
        break;
      case "health_check":
        if (message.project_id === this.project?.id) this.check = message;
        break;
      case "deployment":
      case "container_status":
        if (message.project_id === this.project?.id) this.ageing();
        break;
      case "system_status":
      case "connected":
      case "subscribed":
      case "unsubscribed":
      case "pong":
      case "log":
      case "log_batch":
      case "lagged":
      case "error":
        break;
      default:
        message satisfies never;
    }
  }

  private ageing(wait = BURST): void {
    this.newest.outdate();
    if (this.leaving) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (!this.leaving) void this.load();
    }, wait);
  }
}
