/** What is in force since lci started, asked for once. */

import { api } from "./app.svelte.ts";

let github: Promise<string> | null = null;

/** The address of the GitHub that `owner/name` stands for; "" where it could not be had now. */
export function githubAddress(): Promise<string> {
  github ??= api.call("GET /api/settings").then(
    (settings) => settings.github_url,
    () => {
      github = null;
      return "";
    },
  );
  return github;
}
