import { expect, test } from "vitest";
import type { Scope } from "../wire/generated.ts";
import { allows, allowsForAll, settingsFor } from "./rights.ts";

const SCOPES: Scope[] = ["read", "deploy", "admin"];
const rights = (scope: Scope, projects: number[] | null = null) => ({ scope, projects });

test("each scope may do what the smaller ones may, and no more", () => {
  const allowed = SCOPES.map((held) => SCOPES.filter((needed) => allows(rights(held), needed)));
  expect(allowed).toEqual([["read"], ["read", "deploy"], ["read", "deploy", "admin"]]);
});

test("whoever is limited to projects may do nothing for all of lci", () => {
  expect(allows(rights("admin", [1]), "admin")).toBe(true);
  expect(allowsForAll(rights("admin", [1]), "admin")).toBe(false);
  expect(allowsForAll(rights("admin"), "admin")).toBe(true);
});

test("until it is known who asks, everything is offered", () => {
  expect(allows(null, "admin")).toBe(true);
  expect(allowsForAll(null, "admin")).toBe(true);
});

test("the settings show what may be seen", () => {
  expect(settingsFor(rights("admin"))).toContain("secrets");
  expect(settingsFor(rights("deploy"))).not.toContain("secrets");
  expect(settingsFor(rights("read"))).toContain("users");
  expect(settingsFor(rights("admin", [1]))).toEqual(["account", "appearance"]);
});
