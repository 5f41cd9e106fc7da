/**
 * A log that is being written: its end is followed until one scrolls up or selects, the selection stays, and however
 * often the connection is cut, each line is there once.
 */

import { check, main, openPage, openStages, outside } from "./chromium.mjs";

await main(async (browser, { url, token, build, cuts }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  const sockets = [];
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  await page.goto(`${url}/builds/${build}`);

  const lastInView = () =>
    page.evaluate(() => {
      const bottom = document.querySelector(".scroller").getBoundingClientRect().bottom;
      const rows = [...document.querySelectorAll(".viewer [data-line]")].filter((row) => row.getBoundingClientRect().bottom <= bottom + 1);
      return Number(rows.at(-1)?.dataset.line ?? 0);
    });
  const total = () => page.evaluate(() => Number(document.querySelector(".rows").textContent.replace(/\D/g, "")));
  const grown = async (by) => {
    const from = await total();
    await page.waitForFunction((more) => Number(document.querySelector(".rows").textContent.replace(/\D/g, "")) >= more, from + by);
  };

  // The view has come to the end, and is drawn there: rows of the view before are gone.
  const atEnd = async () => {
    await page.waitForFunction(() => {
      const scroller = document.querySelector(".scroller");
      return scroller.scrollTop > 0 && scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 2;
    });
    await page.evaluate(async () => {
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    });
  };

  // Until the build's command prints: on a busy machine its container takes a while to come.
  await page.locator(".viewer .stdout").first().waitFor({ timeout: 120_000 });
  await grown(60);
  await atEnd();

  // One step up ends it, and new lines do not move what is read.
  await page.locator(".scroller").hover();
  await page.mouse.wheel(0, -60);
  await page.locator(".pill").waitFor();
  // The wheel's own movement takes a moment.
  await page.evaluate(async () => {
    const scroller = document.querySelector(".scroller");
    for (let still = 0, last = -1; still < 30; still++) {
      if (scroller.scrollTop !== last) still = 0;
      last = scroller.scrollTop;
      await new Promise(requestAnimationFrame);
    }
  });
  const read = await lastInView();
  await grown(60);
  check((await lastInView()) === read, "what is read has moved");
  await page.locator(".pill").click();
  await page.locator(".pill").waitFor({ state: "detached" });
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await atEnd();

  // So does selecting; and the selection stays as it is while lines come.
  const selected = await page.evaluate(() => {
    const rows = [...document.querySelectorAll(".viewer .stdout")];
    const row = rows[rows.length - 20];
    getSelection().selectAllChildren(row);
    return getSelection().toString();
  });
  await page.locator(".pill").waitFor();
  await grown(60);
  check(selected.length > 0 && (await page.evaluate(() => getSelection().toString())) === selected, "the selection is gone");
  await page.evaluate(() => getSelection().removeAllRanges());
  await page.keyboard.press("End");

  for (let cut = 0; cut < cuts; cut++) {
    const opened = sockets.length;
    await grown(1);
    await sockets.at(-1).close({ code: 4000, reason: "cut by the test" });
    await page.waitForFunction(() => true);
    for (let waited = 0; sockets.length === opened && waited < 400; waited++) await page.waitForTimeout(25);
    check(sockets.length > opened, "no new connection after a cut");
  }
  await outside("end the build");
  await page.locator("header .state", { hasText: "Success" }).waitFor();

  // Read all of it through the page, view by view.
  await openStages(page);
  const seen = new Map();
  const scroller = page.locator(".scroller");
  const shots = await scroller.evaluate(async (element) => {
    const all = [];
    const frames = async (n) => {
      for (let i = 0; i < n; i++) await new Promise(requestAnimationFrame);
    };
    for (let top = 0; ; top += element.clientHeight) {
      element.scrollTop = top;
      await frames(3);
      while (document.querySelector(".viewer .waiting")) await frames(1);
      all.push([...document.querySelectorAll(".viewer [data-line]")].map((row) => [Number(row.dataset.line), row.querySelector(".text").innerText]));
      if (top + element.clientHeight >= element.scrollHeight) return all;
    }
  });
  for (const shot of shots) {
    check(new Set(shot.map(([number]) => number)).size === shot.length, "a line is shown twice");
    for (const [number, text] of shot) seen.set(number, text);
  }
  return { complaints, cuts: sockets.length - 1, lines: [...seen].sort(([a], [b]) => a - b) };
});
