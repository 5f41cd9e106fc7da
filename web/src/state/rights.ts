/** What whoever is signed in may do. lci decides; the page only does not offer what would be refused. Pure. */

import { SETTINGS_PARTS, type SettingsPart } from "../routes.ts";
import type { MeDocument, Scope } from "../wire/generated.ts";

type Rights = Pick<MeDocument, "scope" | "projects">;

const RANK: Record<Scope, number> = { read: 0, deploy: 1, admin: 2 };

/** Until it is known who asks, everything is offered: the parts of a page do not jump when the answer comes. */
export function allows(rights: Rights | null, needed: Scope): boolean {
  return !rights || RANK[rights.scope] >= RANK[needed];
}

/** Whether what is of all of lci, and of no one project, may be done. */
export function allowsForAll(rights: Rights | null, needed: Scope): boolean {
  return allows(rights, needed) && !rights?.projects;
}

/** Which parts of the settings there are for somebody: whoever is limited to projects sees nothing of all of lci. */
export function settingsFor(rights: Rights | null): readonly SettingsPart[] {
  if (rights?.projects) return ["account", "appearance"];
  return SETTINGS_PARTS.filter((part) => part !== "secrets" || allows(rights, "admin"));
}
