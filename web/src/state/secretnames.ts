/** Which secrets are chosen by whom. Pure. */

import type { ProjectDocument } from "../wire/generated.ts";
import { parseDotenv } from "./dotenv.ts";

type Choice = Pick<ProjectDocument, "name" | "build_secrets" | "runtime_secrets">;

/** The names of the projects that chose a secret. */
export const projectsWith = (projects: readonly Choice[], name: string): string[] =>
  projects.filter((each) => each.build_secrets.includes(name) || each.runtime_secrets.includes(name)).map((each) => each.name);

/** What a new project's two `.env` texts say: what is stored, and what is chosen. A name without a value is only chosen. */
export function plannedSecrets(build: string, runtime: string) {
  const [forBuild, forRuntime] = [build, runtime].map((text) => parseDotenv(text).values ?? {}) as [Record<string, string>, Record<string, string>];
  const given = Object.entries({ ...forBuild, ...forRuntime }).filter(([, value]) => value !== "");
  return { values: Object.fromEntries(given), build_secrets: Object.keys(forBuild), runtime_secrets: Object.keys(forRuntime) };
}
