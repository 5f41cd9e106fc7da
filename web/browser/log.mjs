/**
 * A log of 200,000 lines: how much of it exists in the page, how soon a line far away is there, whether scrolling
 * stays smooth, whether search, links, stages and wrapping lead to the right lines.
 */

import { check, main, openPage, openStages } from "./chromium.mjs";

const SCROLL_MS = 3000;

const numbersShown = (page) => page.locator(".viewer [data-line]").evaluateAll((rows) => rows.map((row) => Number(row.dataset.line)));
const textOf = (page, line) => page.locator(`.viewer [data-line="${line}"] .text`).innerText();
/** Whether a line lies inside the log's own view. */
const inView = (page, line) =>
  page.evaluate((line) => {
    const view = document.querySelector(".scroller").getBoundingClientRect();
    const row = document.querySelector(`.viewer [data-line="${line}"]`)?.getBoundingClientRect();
    return !!row && row.top >= view.top - 1 && row.bottom <= view.bottom + 1;
  }, line);

/** Scroll by wheel for a while; returns the longest time between two frames, in milliseconds. */
async function longestFrame(page) {
  await page.locator(".scroller").hover();
  const measured = page.evaluate(
    (duration) =>
      new Promise((resolve) => {
        const began = performance.now();
        let last = began;
        let longest = 0;
        const frame = (now) => {
          longest = Math.max(longest, now - last);
          last = now;
          if (now - began < duration) requestAnimationFrame(frame);
          else resolve(longest);
        };
        requestAnimationFrame(frame);
      }),
    SCROLL_MS,
  );
  const until = Date.now() + SCROLL_MS - 200;
  while (Date.now() < until) {
    await page.mouse.wheel(0, 700);
    await page.waitForTimeout(16);
  }
  return measured;
}

await main(async (browser, { url, token, build, lines, first }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  await page.goto(`${url}/builds/${build}`);
  await page.locator('.stage button[aria-expanded="true"]').waitFor();
  check((await page.locator('.stage button[aria-expanded="false"]').count()) > 0, "a stage that went well is closed");
  await openStages(page);

  // What the build's own groups hold is folded, and not lost.
  const group = page.locator(".fold", { hasText: "Install" });
  await group.waitFor();
  check((await group.getAttribute("aria-expanded")) === "false", "a group that has ended is closed");
  check((await page.getByText("added 3 packages").count()) === 0, "the lines of a closed group are hidden");
  await group.click();
  await page.getByText("added 3 packages").waitFor();

  // The widest line there is can be read to its end.
  const cut = await page.evaluate(async () => {
    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
    const space = document.querySelector(".space").getBoundingClientRect();
    const range = document.createRange();
    return [...document.querySelectorAll(".viewer .text")].map((text) => (range.selectNodeContents(text), range.getBoundingClientRect().right - space.right)).filter((over) => over > 0);
  });
  check(cut.length === 0, `lines are cut off by ${cut} pixels`);

  const far = Math.floor(lines * 0.75) + first - 1;
  const jump = await page.evaluate(async (line) => {
    const began = performance.now();
    location.hash = `#L${line}`;
    while (!document.querySelector(`.viewer [data-line="${line}"] .stdout`)) {
      if (performance.now() - began > 20_000) throw new Error(`line ${line} does not come`);
      await new Promise(requestAnimationFrame);
    }
    return performance.now() - began;
  }, far);
  check(await inView(page, far), `line ${far} is not in view`);
  check((await textOf(page, far)) === `[INFO] line ${far - first + 1} of a long build`, await textOf(page, far));
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);

  // An address that names lines opens at them, in a new page too.
  await page.goto(`${url}/builds`);
  await page.goto(`${url}/builds/${build}#L${far}-L${far + 3}`);
  await page.locator(`.viewer [data-line="${far + 3}"].chosen`).waitFor();
  check((await page.locator(".viewer .chosen").count()) === 4, "four lines are chosen");
  await page.locator(`.viewer [data-line="${far + 5}"] .number`).click({ modifiers: ["Shift"] });
  check(page.url().endsWith(`#L${far}-L${far + 5}`), page.url());

  const frame = await longestFrame(page);

  // Search sees all lines; Enter goes on, Shift+Enter goes back, round at the ends.
  await page.locator(".scroller").focus();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("LINE 1000 of");
  await page.locator(".count").waitFor();
  check((await page.locator(".count").innerText()) === "No match", "capital letters are meant as such");
  await page.getByLabel("Search the log").fill("line 1999 of");
  const hit = first + 1998;
  await page.locator(`.viewer [data-line="${hit}"].found`).waitFor();
  check(await inView(page, hit), "the match is in view");
  await page.getByLabel("Search the log").fill("line 1.999 of");
  await page.getByRole("button", { name: "Regular expression" }).click();
  await page.locator(".count", { hasText: "of 10" }).waitFor();
  const before = await page.locator(".found").getAttribute("data-line");
  await page.getByLabel("Search the log").press("Enter");
  await page.waitForFunction((line) => document.querySelector(".found")?.dataset.line !== line, before);
  await page.getByLabel("Search the log").press("Shift+Enter");
  await page.waitForFunction((line) => document.querySelector(".found")?.dataset.line === line, before);

  // The last line is reached, wrapped or not, and a stage that is closed gives its lines' place to the next.
  const last = await page.evaluate(() => Number(document.querySelector(".rows").textContent.replace(/\D/g, "")));
  await openStages(page);
  for (const wrap of [false, true]) {
    if (wrap) await page.getByRole("button", { name: "Wrap lines" }).click();
    await page.locator(".scroller").focus();
    await page.keyboard.press("Home");
    await page.locator('.viewer [data-line="1"] .system').waitFor();
    await page.keyboard.press("End");
    await page.locator(`.viewer [data-line="${last}"] .text:not(.waiting)`).waitFor();
    await page.waitForFunction((line) => {
      const view = document.querySelector(".scroller").getBoundingClientRect();
      const row = document.querySelector(`.viewer [data-line="${line}"]`)?.getBoundingClientRect();
      return row && row.top >= view.top && row.bottom <= view.bottom + 1;
    }, last);
  }
  const shown = await numbersShown(page);
  check(shown.every((number, i) => i === 0 || number > shown[i - 1]), "lines are in order");
  await page.getByRole("button", { name: "Wrap lines" }).click();
  await page.locator(".scroller").focus();
  await page.keyboard.press("Home");
  await page.locator(".stage button", { hasText: "build" }).click();
  await page.locator('.stage button[aria-expanded="false"]').waitFor();
  check(!(await numbersShown(page)).includes(first + 10), "the lines of a closed stage are gone");
  await page.evaluate((line) => (location.hash = `#L${line}`), first + 10);
  await page.locator(`.viewer [data-line="${first + 10}"].chosen`).waitFor();
  return { complaints, nodes, jump, frame };
});
