import { expect, test } from "vitest";
import { badLine, environmentOf, environmentText, isName, nameFrom } from "./form.ts";
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
