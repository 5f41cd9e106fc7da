import { describe, expect, test } from "vitest";
import { spansOf, textOf } from "./ansi.ts";

const ESC = "\x1b";

describe("a line of a terminal", () => {
  test("plain text is one span of no style", () => {
    expect(spansOf("<b>plain</b> & text")).toEqual([{ text: "<b>plain</b> & text", style: {} }]);
    expect(spansOf("")).toEqual([]);
  });

  test("colours and styles begin and end where they are told to", () => {
    expect(spansOf(`a${ESC}[1;31mb${ESC}[22mc${ESC}[0md`)).toEqual([
      { text: "a", style: {} },
      { text: "b", style: { bold: true, colour: "var(--ansi-1)" } },
      { text: "c", style: { colour: "var(--ansi-1)" } },
      { text: "d", style: {} },
    ]);
  });

  test.each([
    ["97", "var(--ansi-15)"],
    ["38;5;9", "var(--ansi-9)"],
    ["38;5;196", "rgb(255 0 0)"],
    ["38;5;244", "rgb(128 128 128)"],
    ["38;2;1;2;3", "rgb(1 2 3)"],
    ["38:2:1:2:3", "rgb(1 2 3)"],
  ])("SGR %s is %s", (code, colour) => {
    expect(spansOf(`${ESC}[${code}mx`)[0]?.style.colour).toBe(colour);
  });

  test("a code that is none changes nothing", () => {
    for (const code of ["38;5;999", "38;2;1;2;300", "38", "38;5", "12", "999", ""]) {
      expect(spansOf(`${ESC}[${code}mx`)[0]?.style.colour).toBeUndefined();
    }
    expect(spansOf(`${ESC}[38;5;1;1mx`)[0]?.style).toEqual({ colour: "var(--ansi-1)", bold: true });
  });

  test("a carriage return writes over what stood there, as a progress bar does", () => {
    expect(textOf("10%\r50%\r100%")).toBe("100%");
    expect(textOf("long text\rshort")).toBe("shorttext");
    expect(textOf(`working…\r${ESC}[Kdone`)).toBe("done");
    expect(textOf(`a${ESC}[2Kb`)).toBe(" b");
    expect(textOf("abc\b\bX")).toBe("aXc");
  });

  test("what was written over takes its style along", () => {
    expect(spansOf(`${ESC}[32mold\r${ESC}[31mnew`)).toEqual([{ text: "new", style: { colour: "var(--ansi-1)" } }]);
  });

  test("a link is one only to the web", () => {
    const link = (address: string) => `${ESC}]8;;${address}${ESC}\\name${ESC}]8;;${ESC}\\ after`;
    expect(spansOf(link("https://example.com/a"))).toEqual([
      { text: "name", style: { link: "https://example.com/a" } },
      { text: " after", style: {} },
    ]);
    expect(spansOf(link("javascript:alert(1)"))[0]?.style.link).toBeUndefined();
  });

  test("everything else that is no text is left out", () => {
    expect(textOf(`${ESC}[?25l${ESC}]0;title\x07${ESC}(Bx\x00\x07y${ESC}`)).toBe("xy");
  });

  test("a line as long as lci stores is read at once", () => {
    const line = `${ESC}[32m${"x".repeat(32_000)}${ESC}[0m${"y".repeat(32_000)}`;
    const began = performance.now();
    expect(spansOf(line)).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(200);
  });
});
