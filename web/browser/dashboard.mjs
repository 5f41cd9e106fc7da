/** How soon the dashboard can be used: from the address to the cards of all projects, with an empty cache each time. */

import { main, openPage } from "./chromium.mjs";

await main(async (browser, { url, token, projects, runs }) => {
  const complaints = [];
  const times = [];
  for (let run = 0; run < runs; run++) {
    const page = await openPage(browser, { url, token, complaints });
    await page.addInitScript((projects) => {
      const look = () => {
        if (document.querySelectorAll("article button:enabled").length >= projects) requestAnimationFrame(() => (window.usable = performance.now()));
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, projects);
    await page.goto(url);
    await page.waitForFunction(() => window.usable);
    times.push(await page.evaluate(() => window.usable));
    await page.context().close();
  }
  return { complaints, times };
});
