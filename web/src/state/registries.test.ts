import { expect, test } from "vitest";
import { hostIn, projectsOf, registryOf } from "./registries.ts";

test.each([
  ["nginx", "docker.io"],
  ["nginx:1.27", "docker.io"],
  ["acme/shop:v1", "docker.io"],
  ["index.docker.io/library/nginx", "docker.io"],
  ["ghcr.io/acme/shop@sha256:00", "ghcr.io"],
  ["GHCR.io/acme/shop", "ghcr.io"],
  ["localhost/shop", "localhost"],
  ["registry:5000/shop", "registry:5000"],
])("%s is pulled from %s", (image, host) => expect(registryOf(image)).toBe(host));

test.each([
  [" ghcr.io ", "ghcr.io"],
  ["https://ghcr.io/", "ghcr.io"],
  ["https://index.docker.io/v1/", "index.docker.io"],
  ["ghcr.io/acme/shop", "ghcr.io"],
  ["registry.example:5000", "registry.example:5000"],
])("in %s the host is %s", (typed, host) => expect(hostIn(typed)).toBe(host));

test("whoever builds or serves with an image of a registry uses it", () => {
  const projects = [
    { name: "built", build_image: "ghcr.io/acme/tools", runtime_image: "nginx" },
    { name: "served", build_image: "", runtime_image: "ghcr.io/acme/shop:v1" },
    { name: "other", build_image: "node:22", runtime_image: "" },
  ];
  expect(projectsOf(projects, "ghcr.io")).toEqual(["built", "served"]);
  expect(projectsOf(projects, "docker.io")).toEqual(["built", "other"]);
});
