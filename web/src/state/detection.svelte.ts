/** What lci makes of the repository that is being set up, and which of its commits a filter would build. */

import type { ApiError } from "../link/api.ts";
import type { DetectBody, DetectedDocument, FindingDocument } from "../wire/generated.ts";
import { api, asError } from "./app.svelte.ts";
import type { Plan } from "./tomlfile.ts";

export type Wish = Plan & { repo_token: string };

/** What the form holds before anybody has filled it in. */
export const EMPTY: Wish = {
  name: "", repo: "", branch: "main", repo_token: "", working_directory: "", path_filter: "**",
  build_image: "", build_command: "", cache_type: "none", build_env: "", build_secrets: "", runtime_secrets: "",
  runtime_image: "", runtime_command: "", runtime_port: "8080", mount_path: "/app", health_check_url: "/", runtime_env: "",
}; // prettier-ignore

export class Detection {
  found = $state.raw<DetectedDocument | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  #asked = "";
  #judged = "";
  #proposed: Partial<Record<string, string>> = {};
  #judging: AbortController | null = null;

  /** Look at the repository, unless that was done, and fill in what nobody has changed. Returns whether it is known now. */
  async look(wish: Wish): Promise<boolean> {
    const body = bodyOf(wish);
    const asked = JSON.stringify(body);
    if (asked === this.#asked) return true;
    this.#judging?.abort();
    this.#asked = "";
    this.busy = true;
    this.error = this.found = null;
    try {
      this.found = await api.call("POST /api/detect", { body });
      this.#asked = asked;
      this.#fillIn(wish, this.found.plan);
      // The commits were judged by the filter that is proposed; somebody may have written another.
      this.#judged = this.#proposed["path_filter"] ?? EMPTY.path_filter;
      return true;
    } catch (thrown) {
      this.error = asError(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Ask which commits the filter would build; an answer that comes too late is not shown. */
  async judge(wish: Wish): Promise<void> {
    if (!this.found || wish.path_filter === this.#judged) return;
    this.#judging?.abort();
    const { signal } = (this.#judging = new AbortController());
    try {
      const found = await api.call("POST /api/detect", { body: { ...bodyOf(wish), path_filter: wish.path_filter }, signal });
      if (signal.aborted) return;
      this.found = found;
      this.#judged = wish.path_filter;
      this.error = null;
    } catch (thrown) {
      if (!signal.aborted) this.error = asError(thrown);
    }
  }

  #fillIn(wish: Wish, plan: FindingDocument[]): void {
    const known = plan.filter(({ field }) => field in EMPTY);
    const proposed = Object.fromEntries(known.map(({ field, value }) => [field, textOf(field, value)]));
    for (const field of new Set([...Object.keys(this.#proposed), ...Object.keys(proposed)])) {
      const name = field as keyof Wish;
      if (wish[name] === (this.#proposed[field] ?? EMPTY[name])) wish[name] = proposed[field] ?? EMPTY[name];
    }
    this.#proposed = proposed;
  }
}

function bodyOf(wish: Wish): DetectBody {
  return {
    repo: wish.repo.trim(),
    branch: wish.branch,
    working_directory: wish.working_directory,
    ...(wish.repo_token ? { repo_token: wish.repo_token } : {}),
  };
}

/** A value as the form holds it; of several caches it has room for one. */
function textOf(field: string, value: FindingDocument["value"]): string {
  if (!Array.isArray(value)) return String(value);
  return field === "cache_type" ? (value[0] ?? "none") : value.join(" ");
}
