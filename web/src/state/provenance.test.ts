import { expect, test } from "vitest";
import { givenByRepository } from "./provenance.ts";

test("what the repository's file gives is told, whatever it is", () => {
  const effective = {
    build_image: { value: "node:22", origin: "repository" },
    build_env: { value: { A: "1" }, origin: "repository" },
    domains: { value: ["a.example", "b.example"], origin: "repository" },
    health_check_url: { value: "", origin: "repository" },
    strip_prefix: { value: false, origin: "repository" },
    branch: { value: "main", origin: "default" },
    runtime_port: { value: 80, origin: "project" },
  };
  expect(givenByRepository(effective)).toEqual({
    build_image: "node:22",
    build_env: '{"A":"1"}',
    domains: "a.example, b.example",
    health_check_url: '""',
    strip_prefix: "false",
  });
  expect(givenByRepository(null)).toEqual({});
});
