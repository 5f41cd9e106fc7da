import { expect, test } from "vitest";
import type { ProjectDocument } from "../wire/generated.ts";
import { badLine, changesOf, environmentOf, environmentText, formOf, isName, nameFrom } from "./form.ts";
import { tomlOf, type Plan } from "./tomlfile.ts";

test("an environment is text and back, with whatever a value holds", () => {
  const environment = { A: "1", URL: "https://x/?a=b", EMPTY: "", SPACED: " two words " };
  expect(environmentOf(environmentText(environment))).toEqual(environment);
  expect(environmentOf("# a comment\n\nA=1")).toEqual({ A: "1" });
  expect(badLine("A=1\nno value\nB=2")).toBe(2);
  expect(badLine("# fine\n\nA=")).toBeNull();
});

test("a project's name is proposed from its repository, and can be one", () => {
  expect(nameFrom("owner/My.Shop", "")).toBe("my-shop");
  expect(nameFrom("https://git.example.com/acme/shop.git", "")).toBe("shop");
  expect(nameFrom("git@host:acme/shop.git", "services/API")).toBe("api");
  expect(isName("a")).toBe(true);
  for (const name of ["", "-a", "a-", "A", "42", "a_b", "a".repeat(64)]) expect(isName(name)).toBe(false);
});

test("the project file says what the form holds, whatever signs are in it", () => {
  const plan: Plan = {
    name: "shop", repo: "owner/shop", branch: "main", working_directory: "", path_filter: "**", build_image: "node:20",
    build_command: 'npm ci\necho "\\"""\u0007', cache_type: "npm", build_env: "A=1\nB=\"q\"", build_secrets: "NPM_TOKEN=npm_x\nOTHER=", runtime_secrets: "", runtime_image: "nginx",
    runtime_command: "", runtime_port: "80", mount_path: "/app", health_check_url: "", runtime_env: "",
  }; // prettier-ignore
  expect(tomlOf(plan)).toBe(
    [
      "[project]", 'name = "shop"', 'repo = "owner/shop"', 'branch = "main"', "",
      "[build]", 'image = "node:20"', 'command = """\nnpm ci\necho "\\\\""\\"\\u0007"""', 'cache_type = "npm"', 'env = { A = "1", B = "\\"q\\"" }', 'secrets = ["NPM_TOKEN", "OTHER"]', "",
      "[deploy]", 'image = "nginx"', "port = 80", 'health_check = ""', "",
    ].join("\n"), // prettier-ignore
  );
});

const PROJECT = {
  repo: "owner/shop", branch: "main", path_filter: "**", working_directory: "", build_image: "node:22", build_command: "npm ci", build_script: [], build_env: { A: "1" },
  build_secrets: ["NPM_TOKEN"], build_timeout: 1800, build_memory: null, build_cpus: null, cache_type: ["npm", "pip"], cache_mode: "shared", pull: "missing",
  runtime_image: "nginx", runtime_command: ["nginx", "-g"], runtime_before: "", runtime_port: 8080, runtime_env: {}, runtime_secrets: [], runtime_read_only: false,
  runtime_memory: "64m", runtime_cpus: 1.5, mount_path: "/app", health_check_url: "/", health_check_status: "200-399", health_check_timeout: 30,
  health_check_interval: 5, health_check_retries: 10, start_period: 0, bake_seconds: 0, keep_failed: false, drain_timeout: 30, domains: [], strip_prefix: true,
  rewrite_redirects: true, scope_cookies: true, queue_key: "{project}", queue_policy: "all", pull_requests: "off", queue_limit: 1, keep_releases: 5, auto_deploy: true,
} as unknown as ProjectDocument; // prettier-ignore

test("what nobody touched is no change", () => expect(changesOf(formOf(PROJECT), formOf(PROJECT))).toEqual({}));

test("each setting goes to lci as what it is", () => {
  const after = {
    ...formOf(PROJECT), build_cpus: "0.5", runtime_cpus: " ", runtime_memory: "", build_memory: " 2g ", bake_seconds: "3", build_timeout: "long", build_secrets: "",
    runtime_secrets: "A, B", cache_type: "npm", runtime_command: '["sh","-c"]', pull: "always", pull_requests: "same_repository", scope_cookies: false, repo_token: "ghp_x",
    build_script: "ci/build.sh, build.sh", runtime_before: "./migrate", keep_failed: true,
  }; // prettier-ignore
  expect(changesOf(formOf(PROJECT), after)).toEqual({
    build_cpus: 0.5, runtime_cpus: null, runtime_memory: null, build_memory: "2g", bake_seconds: 3, build_timeout: "long", build_secrets: [],
    runtime_secrets: ["A", "B"], cache_type: "npm", runtime_command: ["sh", "-c"], pull: "always", pull_requests: "same_repository", scope_cookies: false, repo_token: "ghp_x",
    build_script: ["ci/build.sh", "build.sh"], runtime_before: "./migrate", keep_failed: true,
  }); // prettier-ignore
});

test("what is kept is forgotten where that was asked, whatever was typed", () => {
  const after = { ...formOf(PROJECT), deploy_key: "typed", forgotten: ["deploy_key" as const] };
  expect(changesOf(formOf(PROJECT), after)).toEqual({ deploy_key: null });
});
