// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { isolate } from "./isolate.ts";

test("only what fills the screen can be reached, what is said in passing is heard, and all is as it was afterwards", () => {
  document.body.innerHTML = `
    <header></header>
    <main><h1></h1><div><nav></nav><section><button></button></section><aside inert></aside></div></main>
    <p role="status"></p>`;
  const find = (name: string) => document.querySelector<HTMLElement>(name)!;
  const end = isolate(find("section"));
  const inert = () => [...document.querySelectorAll<HTMLElement>("[inert]")].map((each) => each.tagName);
  expect(inert()).toEqual(["HEADER", "H1", "NAV", "ASIDE"]);
  end();
  expect(inert()).toEqual(["ASIDE"]);
});
