/** What the wizard asks of lci in the end: a project, and its first build. */

import { buildPath, projectPath } from "../routes.ts";
import type { ProjectDocument } from "../wire/generated.ts";
import { api, asError } from "./app.svelte.ts";
import { carry } from "./carried.ts";
import type { Wish } from "./detection.svelte.ts";
import { projects } from "./projects.svelte.ts";
import { Registration } from "./registration.ts";

export class Wizard {
  private readonly registration = new Registration();

  /** Create what the form holds; returns the address that shows it. Throws ApiError where it was not created. */
  async create(wish: Wish, andBuild: boolean): Promise<string> {
    const project = await this.registration.register({ ...wish, name: wish.name.trim() });
    projects.expect(project.id);
    return andBuild ? queue(project) : projectPath(project.name);
  }
}

/** Queue the first build. The project is there by now: where it is not queued, that is shown with the project. */
async function queue(project: ProjectDocument): Promise<string> {
  try {
    return buildPath((await api.call("POST /api/projects/{project}/builds", { path: { project: project.id } })).build_id);
  } catch (thrown) {
    const address = projectPath(project.name);
    carry(address, asError(thrown));
    return address;
  }
}
