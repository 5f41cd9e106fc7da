/** A build that floods its log while somebody watches and types: how late keys are answered, and what the page holds. */

import { main, openPage, outside } from "./chromium.mjs";

const PAUSE_MS = 100;

await main(async (browser, { url, token, build, seconds }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await page.goto(`${url}/builds/${build}`);
  await page.locator(".viewer .stdout").first().waitFor();
  await page.evaluate(() => {
    window.delays = [];
    addEventListener("keydown", (event) => {
      requestAnimationFrame(() => setTimeout(() => window.delays.push(performance.now() - event.timeStamp)));
    });
  });
  let heap = 0;
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    await page.keyboard.press("Shift");
    const { metrics } = await session.send("Performance.getMetrics");
    heap = Math.max(heap, metrics.find(({ name }) => name === "JSHeapUsedSize").value);
    await page.waitForTimeout(PAUSE_MS);
  }
  const delays = (await page.evaluate(() => window.delays)).sort((a, b) => a - b);
  const lines = await page.evaluate(() => Number(document.querySelector(".rows").textContent.replace(/\D/g, "")));
  await outside("end the build");
  return { complaints, delay: delays[Math.floor(delays.length * 0.95)], heap: heap / 1e6, lines };
});
