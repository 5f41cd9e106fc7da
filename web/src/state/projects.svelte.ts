/** All projects, live: what the dashboard, the palette and the title show. */

import type { ApiError } from "../link/api.ts";
import type { Listener } from "../link/live.ts";
import type { BuildDocument, HealthCheck, ProjectDocument, ServerMessage } from "../wire/generated.ts";
import { api, asError, live } from "./app.svelte.ts";

const PAGE = 200;
/** Events come in bursts; a project is asked for once for all of a burst. Milliseconds. */
const BURST = 150;
/** Before what could not be had is asked for again. */
const AGAIN = 3000;
/** No event tells that a project was made, changed or removed: all are asked for so often. */
const REFRESH = 30_000;

export class Projects implements Listener {
  list = $state.raw<ProjectDocument[]>([]);
  /** The last builds of all projects, newest first. */
  recent = $state.raw<BuildDocument[]>([]);
  /** The last health check of the project whose version is being tried. */
  checks = $state.raw<Record<number, HealthCheck>>({});
  loaded = $state(false);
  error = $state.raw<ApiError | null>(null);

  private readonly stale = new Map<number, ReturnType<typeof setTimeout>>();
  /** The builds that events told of, by project, since it was asked for. */
  private readonly told = new Map<number, Set<number>>();
  private readonly left = new Set<number>();
  /** Counts questions, answers and events, so that it is known which came after which. */
  private turn = 0;
  /** When something was last learnt of each project: what was asked before that is no news of it. */
  private readonly learnt = new Map<number, number>();
  private listed = 0;

  /** Keep up with lci until the returned function is called. */
  watch(): () => void {
    void this.load();
    const leave = live.subscribe({ target: "global" }, this);
    const refreshing = setInterval(() => document.hidden || void this.load(), REFRESH);
    return () => {
      leave();
      clearInterval(refreshing);
      for (const timer of this.stale.values()) clearTimeout(timer);
      this.stale.clear();
    };
  }

  resume(): void {
    void this.load();
  }

  async load(): Promise<void> {
    const asked = ++this.turn;
    try {
      const [projects, recent] = await Promise.all([
        this.all(),
        api.call("GET /api/builds", { query: { limit: PAGE } }),
      ]);
      if (asked < this.listed) return;
      this.listed = asked;
      const isOlder = ({ id }: { id: number }) => (this.learnt.get(id) ?? 0) > asked;
      const newer = this.list.filter(isOlder);
      this.list = byName([...projects.filter((project) => !isOlder(project)), ...newer]);
      const newerBuilds = this.recent.filter((build) => isOlder({ id: build.project_id }));
      this.recent = newest([...recent.builds.filter((build) => !isOlder({ id: build.project_id })), ...newerBuilds]);
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (asked > this.listed) this.error = asError(error);
    }
  }

  private async all(): Promise<ProjectDocument[]> {
    const projects = new Map<number, ProjectDocument>();
    for (let offset = 0; ; ) {
      const page = await api.call("GET /api/projects", { query: { limit: PAGE, offset } });
      for (const project of page.projects) projects.set(project.id, project);
      offset += page.projects.length;
      if (offset >= page.total || page.projects.length === 0) return [...projects.values()];
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
        this.recent = this.recent.map((build) => (build.id === event.build_id ? { ...build, status: event.status } : build));
        if (event.status !== "Deploying") this.forgetCheck(event.project_id);
        this.tell(event.project_id, event.build_id);
        this.ageing(event.project_id);
        break;
      case "health_check":
        this.checks = { ...this.checks, [event.project_id]: event };
        break;
      case "deployment":
      case "container_status":
        this.ageing(event.project_id);
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

  private tell(project: number, build: number): void {
    this.told.set(project, (this.told.get(project) ?? new Set()).add(build));
  }

  /** Something is done to a project here that no event tells of: ask what has become of it. */
  expect(id: number): void {
    this.ageing(id);
  }

  /** Ask no more for a project that is being removed here; returns what takes that back. */
  leave(id: number): () => void {
    this.left.add(id);
    return () => this.left.delete(id);
  }

  private ageing(id: number, wait = BURST): void {
    this.learnt.set(id, ++this.turn);
    if (this.stale.has(id) || this.left.has(id)) return;
    this.stale.set(id, setTimeout(() => void this.renew(id), wait));
  }

  private async renew(id: number): Promise<void> {
    this.stale.delete(id);
    if (this.left.has(id)) return;
    const asked = ++this.turn;
    const told = this.told.get(id) ?? new Set();
    this.told.delete(id);
    try {
      const fresh = await api.call("GET /api/projects/{project}", { path: { project: id } });
      told.delete(fresh.last_build?.id ?? 0);
      const builds = (await Promise.all([...told].map(found))).filter((build) => build !== null);
      if ((this.learnt.get(id) ?? 0) > asked) return void this.again(id, told);
      this.learnt.set(id, asked);
      this.list = byName([...this.list.filter((project) => project.id !== id), fresh]);
      this.note(fresh.last_build ? [fresh.last_build, ...builds] : builds);
      this.error = null;
    } catch (thrown) {
      const error = asError(thrown);
      if (error.status === 404) {
        this.learnt.set(id, asked);
        this.list = this.list.filter((project) => project.id !== id);
      } else {
        this.error = error;
        this.again(id, told, AGAIN);
      }
    }
  }

  /** What was told since has to be asked for, with what was to be asked for now. */
  private again(id: number, builds: Iterable<number>, wait = BURST): void {
    for (const build of builds) this.tell(id, build);
    this.ageing(id, wait);
  }

  private note(builds: BuildDocument[]): void {
    const ids = new Set(builds.map(({ id }) => id));
    this.recent = newest([...builds, ...this.recent.filter(({ id }) => !ids.has(id))]);
  }
}

/** A build as it is now; null where it is gone. */
async function found(id: number): Promise<BuildDocument | null> {
  try {
    return await api.call("GET /api/builds/{build_id}", { path: { build_id: id } });
  } catch (error) {
    if (asError(error).status === 404) return null;
    throw error;
  }
}

const byName = (projects: ProjectDocument[]) => projects.sort((a, b) => (a.name < b.name ? -1 : 1));
const newest = (builds: BuildDocument[]) => builds.sort((a, b) => b.id - a.id).slice(0, PAGE);

export const projects = new Projects();
