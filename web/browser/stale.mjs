/** A page of which a part does not come, for it is gone since an upgrade or was dropped: it loads itself anew, not in a loop. */

import { check, main, openPage } from "./chromium.mjs";

await main(async (browser, { url, token }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  let loads = 0;
  page.on("request", (request) => (loads += request.isNavigationRequest()));
  await page.goto(url);
  await page.getByRole("heading", { name: "Projects" }).waitFor();

  // What lci answers for a part of another version: it has no such file.
  const part = /\/assets\/Settings-[\w-]+\.(js|css)$/;
  await page.route(part, (route) => route.continue({ url: `${url}/assets/of-the-version-before.js` }));
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await page.getByText("This page could not be loaded").waitFor();
  const failed = loads;
  // Loading itself anew was nobody's wish: as after every step, the focus is on the heading.
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");

  // Once the page is whole again, so is what it opens.
  await page.unroute(part);
  await page.getByRole("button", { name: "Load it anew" }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  check(complaints.every((each) => /404|dynamically imported|Refused to apply style/.test(each)), complaints.join("\n"));

  // A network that changes drops what the page itself is made of; one of each kind.
  let dropped = 0;
  for (const own of [/\/assets\/index-[\w-]+\.js$/, /\/assets\/index-[\w-]+\.css$/]) {
    const visit = await openPage(browser, { url, token });
    await visit.route(own, (route) => ((dropped += 1), route.abort("failed")), { times: 1 });
    await visit.goto(url);
    await visit.getByRole("heading", { name: "Projects" }).waitFor();
    await visit.waitForFunction(() => getComputedStyle(document.documentElement).getPropertyValue("--bg") !== "");
  }
  return { loads: failed, dropped };
});
