import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const tokens = new Map(
  [...readFileSync(new URL("./tokens.css", import.meta.url), "utf8").matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, [light, dark]] as const,
  ),
);
const GROUNDS = ["bg", "surface", "sunken"];
const NO_TEXT = [...GROUNDS, "line", "on-accent"];
const SMALLEST = 4.5;

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const pairs = [...tokens].filter(([name]) => !NO_TEXT.includes(name)).flatMap(([name]) => GROUNDS.map((ground) => [name, ground] as const));

test("there are the tokens that the look has", () => expect(tokens.size).toBeGreaterThan(30));

test.each(pairs)("%s can be read on %s, light and dark", (name, ground) => {
  for (const theme of [0, 1]) {
    expect(contrast(tokens.get(name)?.[theme] ?? "", tokens.get(ground)?.[theme] ?? "")).toBeGreaterThanOrEqual(SMALLEST);
  }
});

test.each(["accent", "failed", "warning", "text"])("what stands on %s can be read", (name) => {
  const on = name === "text" ? "bg" : "on-accent";
  for (const theme of [0, 1]) {
    expect(contrast(tokens.get(name)?.[theme] ?? "", tokens.get(on)?.[theme] ?? "")).toBeGreaterThanOrEqual(SMALLEST);
  }
});
