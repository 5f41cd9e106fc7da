import { expect, test } from "vitest";
import { plannedSecrets, projectsWith } from "./secretnames.ts";

test("what has a value is stored, and every name is chosen where it stands", () => {
  expect(plannedSecrets("NPM_TOKEN=npm_x\nSHARED=", 'KEY="a\nb"\nNPM_TOKEN=npm_x')).toEqual({
    values: { NPM_TOKEN: "npm_x", KEY: "a\nb" },
    build_secrets: ["NPM_TOKEN", "SHARED"],
    runtime_secrets: ["KEY", "NPM_TOKEN"],
  });
});

test("a secret is used by the projects that chose it", () => {
  const projects = [
    { name: "shop", build_secrets: ["A"], runtime_secrets: [] },
    { name: "api", build_secrets: [], runtime_secrets: ["A", "B"] },
    { name: "site", build_secrets: ["B"], runtime_secrets: [] },
  ];
  expect(projectsWith(projects, "A")).toEqual(["shop", "api"]);
  expect(projectsWith(projects, "C")).toEqual([]);
});
