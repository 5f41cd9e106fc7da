/** Which page an address is, and the address of each page. Pure; lci_app/api/dashboard.py serves the same addresses. */

export const PROJECT_TABS = ["overview", "builds", "deployments", "runtime", "secrets", "settings"] as const;
export const BUILD_TABS = ["log", "health", "artifacts", "configuration", "raw"] as const;
export const SETTINGS_PARTS = [
  "account", "appearance", "users", "tokens", "github", "secrets", "registries", "webhook", "deliveries", "audit", "service", "system",
] as const; // prettier-ignore

export type ProjectTab = (typeof PROJECT_TABS)[number];
export type BuildTab = (typeof BUILD_TABS)[number];
export type SettingsPart = (typeof SETTINGS_PARTS)[number];

export type Page =
  | { name: "dashboard" }
  | { name: "setup" }
  | { name: "builds" }
  | { name: "project"; project: string; tab: ProjectTab }
  | { name: "build"; id: number; tab: BuildTab }
  | { name: "settings"; part: SettingsPart }
  | { name: "sign-in" }
  | { name: "welcome" }
  | { name: "not-found" };

export function pageOf(path: string): Page {
  const parts = path.split("/").filter(Boolean).map(decoded);
  const [first, second, third] = parts;
  if (parts.length > 3) return { name: "not-found" };
  if (first === undefined) return { name: "dashboard" };
  if (parts.length === 1 && (first === "setup" || first === "builds" || first === "sign-in" || first === "welcome")) return { name: first };
  if (first === "projects") return projectPage(second, third);
  if (first === "builds") return buildPage(second, third);
  if (first === "settings" && parts.length < 3) return settingsPage(second);
  return { name: "not-found" };
}

function projectPage(project: string | undefined, tab: string | undefined): Page {
  const known = one(PROJECT_TABS, tab ?? "overview");
  return project && known ? { name: "project", project, tab: known } : { name: "not-found" };
}

function buildPage(id: string | undefined, tab: string | undefined): Page {
  const known = one(BUILD_TABS, tab ?? "log");
  return id && /^\d{1,15}$/.test(id) && known ? { name: "build", id: Number(id), tab: known } : { name: "not-found" };
}

function settingsPage(part: string | undefined): Page {
  const known = one(SETTINGS_PARTS, part ?? "account");
  return known ? { name: "settings", part: known } : { name: "not-found" };
}

export function pathOf(page: Page): string {
  switch (page.name) {
    case "dashboard":
    case "not-found":
      return "/";
    case "project":
      return `/projects/${encodeURIComponent(page.project)}${page.tab === "overview" ? "" : `/${page.tab}`}`;
    case "build":
      return `/builds/${page.id}${page.tab === "log" ? "" : `/${page.tab}`}`;
    case "settings":
      return `/settings/${page.part}`;
    default:
      return `/${page.name}`;
  }
}

export const projectPath = (project: string, tab: ProjectTab = "overview") => pathOf({ name: "project", project, tab });
export const buildPath = (id: number, tab: BuildTab = "log") => pathOf({ name: "build", id, tab });
export const settingsPath = (part: SettingsPart) => pathOf({ name: "settings", part });

function one<T extends string>(known: readonly T[], value: string): T | undefined {
  return known.find((each) => each === value);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
