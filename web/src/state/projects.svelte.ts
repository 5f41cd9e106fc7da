/** All projects, live: what the dashboard, the palette and the title show. */

import type { BuildDocument, HealthCheck, ProjectDocument, ServerMessage } from "../wire/generated.ts";
import { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import { api, asError, live } from "./app.svelte.ts";

const PAGE = 200;
/** Events come in bursts; a project is asked for once for all of a burst. Milliseconds. */
const BURST = 150;

export class Projects implements Listener {
  list = $state.raw<ProjectDocument[]>([]);
  /** The last builds of all projects, newest first. */
  recent = $state.raw<BuildDocument[]>([]);
  /** The last health check of the project whose version is being tried. */
  checks = $state.raw<Record<number, HealthCheck>>({});
  loaded = $state(false);
  error = $state.raw<ApiError | null>(null);

  private readonly stale = new Map<number, ReturnType<typeof setTimeout>>();
  private readonly left = new Set<number>();
  private asking: Promise<void> | null = null;

  /** Keep up with lci until the returned function is called. */
  watch(): () => void {
    void this.load();
    return live.subscribe({ target: "global" }, this);
  }

  resume(): void {
    void this.load();
  }

  load(): Promise<void> {
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<void> {
    try {
      const [projects, recent] = await Promise.all([
        this.all(),
        api.call("GET /api/builds", { query: { limit: PAGE } }),
      ]);
      this.list = projects;
      this.recent = recent.builds;
      this.loaded = true;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  private async all(): Promise<ProjectDocument[]> {
    const projects: ProjectDocument[] = [];
    for (;;) {
      const page = await api.call("GET /api/projects", { query: { limit: PAGE, offset: projects.length } });
      projects.push(...page.projects);
      if (projects.length >= page.total || page.projects.length === 0) return projects;
    }
  }

  hear(message: ServerMessage): void {
    this.apply(message);
  }

  apply(event: ServerMessage): void {
    switch (event.type) {
      case "build_status":
        this.patch(event.project_id, (project) =>
          project.last_build?.id === event.build_id
            ? { ...project, last_build: { ...project.last_build, status: event.status } }
            : project,
        );
        if (event.status !== "Deploying") this.forgetCheck(event.project_id);
        this.ageing(event.project_id);
        break;
      case "health_check":
        this.checks = { ...this.checks, [event.project_id]: event };
        break;
      case "deployment":
      case "container_status":
        this.ageing(event.project_id);
        break;
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
        event satisfies never;
    }
  }

  private patch(id: number, change: (project: ProjectDocument) => ProjectDocument): void {
    this.list = this.list.map((project) => (project.id === id ? change(project) : project));
  }

  private forgetCheck(id: number): void {
    if (!(id in this.checks)) return;
    const { [id]: _, ...others } = this.checks;
    this.checks = others;
  }

  /** Ask no more for a project that is being removed here; returns what takes that back. */
  leave(id: number): () => void {
    this.left.add(id);
    return () => this.left.delete(id);
  }

  private ageing(id: number): void {
    if (this.stale.has(id) || this.left.has(id)) return;
    this.stale.set(id, setTimeout(() => void this.renew(id), BURST));
  }

  private async renew(id: number): Promise<void> {
    this.stale.delete(id);
    if (this.left.has(id)) return;
    try {
      const fresh = await api.call("GET /api/projects/{project}", { path: { project: id } });
      if (this.list.some((project) => project.id === id)) this.patch(id, () => fresh);
      else this.list = [...this.list, fresh].sort((a, b) => (a.name < b.name ? -1 : 1));
      if (fresh.last_build) this.note(fresh.last_build);
    } catch (error) {
      if (asError(error).status === 404) this.list = this.list.filter((project) => project.id !== id);
    }
  }

  private note(build: BuildDocument): void {
    const others = this.recent.filter((each) => each.id !== build.id);
    this.recent = [build, ...others].sort((a, b) => b.id - a.id).slice(0, PAGE);
  }
}

export const projects = new Projects();
