/** A project file with the settings that a form holds: for people to read, copy and commit. Pure. */

import { parseDotenv } from "./dotenv.ts";
import { environmentOf } from "./form.ts";

export interface Plan {
  name: string;
  repo: string;
  branch: string;
  working_directory: string;
  path_filter: string;
  build_image: string;
  build_command: string;
  cache_type: string;
  build_env: string;
  /** As in a .env file; the names are all that the project file tells. */
  build_secrets: string;
  runtime_image: string;
  runtime_command: string;
  runtime_port: string;
  mount_path: string;
  health_check_url: string;
  runtime_env: string;
  runtime_secrets: string;
}

type Value = string | number | string[] | Record<string, string>;

export function tomlOf(plan: Plan): string {
  const port = Number(plan.runtime_port);
  return [
    section("project", {
      name: plan.name,
      repo: plan.repo,
      branch: plan.branch,
      working_directory: plan.working_directory,
      path_filter: plan.path_filter === "**" ? "" : plan.path_filter,
    }),
    section("build", {
      image: plan.build_image,
      command: plan.build_command,
      cache_type: plan.cache_type === "none" ? "" : plan.cache_type,
      env: environmentOf(plan.build_env),
      secrets: namesOf(plan.build_secrets),
    }),
    section("deploy", {
      image: plan.runtime_image,
      command: plan.runtime_command,
      port: Number.isNaN(port) ? "" : port,
      mount_path: plan.mount_path === "/app" ? "" : plan.mount_path,
      health_check: plan.health_check_url,
      env: environmentOf(plan.runtime_env),
      secrets: namesOf(plan.runtime_secrets),
    }),
  ].join("\n");
}

const namesOf = (text: string) => Object.keys(parseDotenv(text).values ?? {});

function section(name: string, values: Record<string, Value>): string {
  const lines = Object.entries(values).filter(([key, value]) => value !== "" || key === "health_check");
  const shown = lines.filter(([, value]) => typeof value !== "object" || Object.keys(value).length > 0);
  return [`[${name}]`, ...shown.map(([key, value]) => `${key} = ${tomlValue(value)}`), ""].join("\n");
}

function tomlValue(value: Value): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(quoted).join(", ")}]`;
  if (typeof value === "object") {
    return `{ ${Object.entries(value).map(([key, text]) => `${key} = ${quoted(text)}`).join(", ")} }`;
  }
  return value.includes("\n") ? `"""\n${escaped(value).replaceAll('"""', '""\\"')}"""` : quoted(value);
}

const quoted = (text: string) => `"${escaped(text).replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
// eslint-disable-next-line no-control-regex
const escaped = (text: string) => text.replaceAll("\\", "\\\\").replace(/[\x00-\x09\x0b-\x1f\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
