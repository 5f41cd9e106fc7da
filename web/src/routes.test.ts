import { expect, test } from "vitest";
import { pageOf, pathOf } from "./routes.ts";

test.each([
  ["/", { name: "dashboard" }],
  ["/setup", { name: "setup" }],
  ["/builds", { name: "builds" }],
  ["/builds/42", { name: "build", id: 42, tab: "log" }],
  ["/builds/42/raw", { name: "build", id: 42, tab: "raw" }],
  ["/projects/my-backend", { name: "project", project: "my-backend", tab: "overview" }],
  ["/projects/my-backend/settings", { name: "project", project: "my-backend", tab: "settings" }],
  ["/settings/system", { name: "settings", part: "system" }],
  ["/settings/registries", { name: "settings", part: "registries" }],
  ["/sign-in", { name: "sign-in" }],
] as const)("%s is a page, and the page's address", (path, page) => {
  expect(pageOf(path)).toEqual(page);
  expect(pathOf(pageOf(path))).toBe(path);
});

test.each(["/nothing", "/builds/x", "/builds/1/nothing", "/builds/1/raw/x", "/projects", "/settings/nothing", "/docs", "/api/builds", "/%"])(
  "%s is no page of the dashboard",
  (path) => expect(pageOf(path)).toEqual({ name: "not-found" }),
);
