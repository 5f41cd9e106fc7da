import { expect, test } from "vitest";
import { partsOf } from "./links.ts";

test("an address is a part of its own, without the full stop behind it", () => {
  expect(partsOf("see https://example.com/a?b=1#c.")).toEqual([
    { text: "see " },
    { text: "https://example.com/a?b=1#c", address: "https://example.com/a?b=1#c" },
    { text: "." },
  ]);
});

test("text without an address is one part", () => {
  expect(partsOf("a b")).toEqual([{ text: "a b" }]);
  expect(partsOf("javascript://x")).toEqual([{ text: "javascript://x" }]);
});
