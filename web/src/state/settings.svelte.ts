/** The settings of one project while they are edited. */

import type { ApiError } from "../link/api.ts";
import type { ProjectDocument, SecretDocument } from "../wire/generated.ts";
import { api, asError, may, mayForAll } from "./app.svelte.ts";
import { changesOf, formOf, type Form } from "./form.ts";
import { givenByRepository } from "./provenance.ts";
import { commonSecrets, ownSecrets } from "./secrets.ts";

export class SettingsEdit {
  /** As it is stored, as far as this page knows. */
  project = $state.raw() as ProjectDocument;
  form = $state() as Form;
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  /** The secrets that can be chosen; null until they are known. */
  secrets = $state.raw<SecretDocument[] | null>(null);
  /** What the last build took from the repository's file: by setting, as text. */
  given = $state.raw<Record<string, string>>({});

  private readonly before = $derived.by(() => formOf(this.project));
  readonly changes = $derived.by(() => changesOf(this.before, this.form));
  readonly changed = $derived(Object.keys(this.changes));

  constructor(project: ProjectDocument) {
    // What is typed stays as it is while events renew the project; saving checks that nobody else saved meanwhile.
    this.take(project);
  }

  /** Find out which settings the repository gives. Until a build has read it, what was known stays. */
  async trace(build: number | undefined): Promise<void> {
    if (build === undefined) return;
    try {
      const { effective } = await api.call("GET /api/builds/{build_id}", { path: { build_id: build } });
      if (effective) this.given = givenByRepository(effective);
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  /** Find out which secrets can be chosen. They are named to administrators only, those of every project to nobody who is limited to some. */
  async lookUpSecrets(): Promise<void> {
    if (!may("admin")) return;
    try {
      const found = await Promise.all([ownSecrets(this.project.id).all(), mayForAll("admin") ? commonSecrets.all() : []]);
      this.secrets = found.flat();
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }

  /** Returns whether the changes are stored now. */
  async save(): Promise<boolean> {
    this.busy = true;
    this.error = null;
    try {
      const headers = { "If-Match": `"${this.project.revision}"` };
      const path = { project: this.project.id };
      this.take(await api.call("PATCH /api/projects/{project}", { path, body: this.changes, headers }));
      return true;
    } catch (thrown) {
      this.error = asError(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Forget the changes, and take what is stored now. */
  async reload(): Promise<void> {
    this.take(await api.call("GET /api/projects/{project}", { path: { project: this.project.id } }));
  }

  take(fresh: ProjectDocument): void {
    this.project = fresh;
    this.form = formOf(fresh);
    this.error = null;
  }
}
