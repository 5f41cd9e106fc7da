/** Registers what the wizard has gathered. */

import type { CacheType, ProjectCreate, ProjectDocument } from "../wire/generated.ts";
import { api } from "./app.svelte.ts";
import type { Wish } from "./detection.svelte.ts";
import { environmentOf } from "./form.ts";
import { plannedSecrets } from "./secretnames.ts";
import { ownSecrets } from "./secrets.ts";

export class Registration {
  /** What an earlier try made, before something failed. */
  private made: ProjectDocument | null = null;
  private asked = { body: "", key: "" };

  /** Make the project of a plan, with its secrets, which can be stored only once it is there. Throws ApiError. */
  async register(plan: Wish): Promise<ProjectDocument> {
    const { values, ...chosen } = plannedSecrets(plan.build_secrets, plan.runtime_secrets);
    const body = { ...bodyOf(plan), ...chosen };
    if (this.made?.name === plan.name) {
      this.made = await api.call("PATCH /api/projects/{project}", { path: { project: this.made.id }, body });
    } else {
      this.made = await api.call("POST /api/projects", { body, headers: { "Idempotency-Key": this.keyOf(body) } });
    }
    if (Object.keys(values).length) await ownSecrets(this.made.id).setAll(values);
    return this.made;
  }

  /** Asked for again because no answer came, the same project is not one too many. */
  private keyOf(body: ProjectCreate): string {
    const text = JSON.stringify(body);
    if (text !== this.asked.body) this.asked = { body: text, key: `wizard-${Date.now()}-${Math.random().toString(36).slice(2)}` };
    return this.asked.key;
  }
}

function bodyOf(plan: Wish): ProjectCreate {
  const { repo_token, runtime_port, build_env, runtime_env, cache_type, ...texts } = plan;
  return {
    ...texts,
    repo: plan.repo.trim(),
    runtime_port: Number(runtime_port),
    cache_type: cache_type as CacheType,
    build_env: environmentOf(build_env),
    runtime_env: environmentOf(runtime_env),
    // The names that they hold are put in their place.
    build_secrets: [],
    runtime_secrets: [],
    ...(repo_token ? { repo_token } : {}),
  };
}
