import { expect, test } from "vitest";
import { compareAddress, webAddress } from "./repository.ts";

const GITHUB = "https://github.com";

test.each(["acme/shop", "https://github.com/acme/shop.git", "git@github.com:acme/shop.git", "ssh://git@github.com/acme/shop", "https://github.com/acme/shop/"])(
  "%s is seen on GitHub",
  (repo) => expect(webAddress(repo, GITHUB)).toBe("https://github.com/acme/shop"),
);

test.each(["https://git.example.com/acme/shop", "git@example.com:acme/shop.git", "file:///srv/git/shop", "https://github.com.example.com/a/b"])(
  "%s is not",
  (repo) => expect(webAddress(repo, GITHUB)).toBeNull(),
);

test("two commits are compared where there are two", () => {
  expect(compareAddress("acme/shop", GITHUB, "aaa", "bbb")).toBe("https://github.com/acme/shop/compare/aaa...bbb");
  expect(compareAddress("acme/shop", GITHUB, "aaa", "aaa")).toBeNull();
  expect(compareAddress("acme/shop", GITHUB, null, "bbb")).toBeNull();
  expect(compareAddress("acme/shop", "", "aaa", "bbb")).toBeNull();
});
