/** The fields of a project as text in a form, and back. Pure. */

import type { ProjectDocument, ProjectUpdate } from "../wire/generated.ts";

export const TEXTS = [
  "repo", "branch", "path_filter", "working_directory", "build_image", "build_command", "cache_mode", "pull", "runtime_image",
  "runtime_before",
  "mount_path", "health_check_url", "health_check_status", "queue_key", "queue_policy", "pull_requests",
] as const; // prettier-ignore
export const NUMBERS = [
  "build_timeout", "runtime_port", "health_check_retries", "health_check_interval", "health_check_timeout", "start_period",
  "bake_seconds", "drain_timeout", "queue_limit", "keep_releases",
] as const; // prettier-ignore
/** Empty text stands for null. */
export const OPTIONAL = ["build_memory", "runtime_memory", "build_cpus", "runtime_cpus"] as const;
/** Commas stand between the entries. */
export const LISTS = ["domains", "build_script", "build_secrets", "runtime_secrets"] as const;
export const ENVIRONMENTS = ["build_env", "runtime_env"] as const;
export const SWITCHES = ["runtime_read_only", "strip_prefix", "rewrite_redirects", "scope_cookies", "auto_deploy", "keep_failed"] as const;
/** Never shown: empty text stands for what is kept. */
export const KEPT = ["repo_token", "deploy_key", "webhook_secret"] as const;
export const CACHES = ["none", "npm", "gradle", "maven", "pip", "cargo", "pub", "go"] as const;

type Of<Names extends readonly string[]> = Names[number];
export type TextName =
  | Of<typeof TEXTS> | Of<typeof NUMBERS> | Of<typeof OPTIONAL> | Of<typeof LISTS> | Of<typeof ENVIRONMENTS> | "runtime_command" | "cache_type"; // prettier-ignore
export type SwitchName = Of<typeof SWITCHES>;
export type KeptName = Of<typeof KEPT>;
/** `forgotten`: of what is kept, the names of what is no longer to be. */
export type Form = Record<TextName | KeptName, string> & Record<SwitchName, boolean> & { forgotten: KeptName[] };

/** What is chosen once, given by lci, or not there yet. */
type Apart = "name" | "blue_port" | "green_port" | "parameters";
// A setting that the form lacks is an error here.
true satisfies Exclude<keyof ProjectUpdate, keyof Form | Apart> extends never ? true : false;

export function formOf(project: ProjectDocument): Form {
  const texts = [...TEXTS, ...NUMBERS, ...OPTIONAL].map((name) => [name, String(project[name] ?? "")]);
  const environments = ENVIRONMENTS.map((name) => [name, environmentText(project[name])]);
  const lists = LISTS.map((name) => [name, project[name].join(", ")]);
  const switches = SWITCHES.map((name) => [name, project[name]]);
  const kept = KEPT.map((name) => [name, ""]);
  return {
    ...Object.fromEntries([...texts, ...environments, ...lists, ...switches, ...kept]),
    runtime_command: typeof project.runtime_command === "string" ? project.runtime_command : JSON.stringify(project.runtime_command),
    cache_type: [project.cache_type].flat().join(", "),
    forgotten: [],
  } as Form;
}

/** What changed between two states of a form, as the API takes it. */
export function changesOf(before: Form, after: Form): ProjectUpdate {
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(after)) {
    if (name !== "forgotten" && value !== before[name as keyof Form]) changes[name] = valueOf(name, value as string | boolean);
  }
  for (const name of after.forgotten) changes[name] = null;
  return changes as ProjectUpdate;
}

function valueOf(name: string, value: string | boolean): unknown {
  if (typeof value === "boolean") return value;
  if (isOne(NUMBERS, name)) return numberOf(value);
  if (isOne(OPTIONAL, name)) return value.trim() === "" ? null : name.endsWith("_cpus") ? numberOf(value) : value.trim();
  if (isOne(ENVIRONMENTS, name)) return environmentOf(value);
  if (isOne(LISTS, name)) return listOf(value);
  if (name === "cache_type") return listOf(value).length === 1 ? listOf(value)[0] : listOf(value);
  if (name === "runtime_command" && value.startsWith("[")) return commandOf(value);
  return value;
}

/** What is no number stays as it is: lci says what it should be. */
const numberOf = (value: string) => (value.trim() === "" || Number.isNaN(Number(value)) ? value : Number(value));

function commandOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const isOne = (names: readonly string[], name: string) => names.includes(name);
/** The parts of a text that are separated by commas. */
export const listOf = (value: string) => value.split(",").map((part) => part.trim()).filter(Boolean);

export function environmentText(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

export function environmentOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() && !line.trim().startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1)]));
}

/** The number of the first line that is not NAME=value; null where all are. */
export function badLine(text: string): number | null {
  const at = text.split("\n").findIndex((line) => line.trim() && !line.trim().startsWith("#") && !/^\s*[A-Za-z_]\w*\s*=/.test(line));
  return at < 0 ? null : at + 1;
}

export function isName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) && /[a-z]/.test(name);
}

/** A name for the project of a repository. */
export function nameFrom(repo: string, folder: string): string {
  const last = (folder || repo).replace(/\.git\/?$/, "").split(/[/:]/).filter(Boolean).at(-1) ?? "";
  return last.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}
