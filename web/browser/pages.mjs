/**
 * Every page in both themes and languages, wide and narrow: axe finds nothing, nothing is wider than the window, nothing
 * is asked of another host. With `screenshots`, a directory, each is kept as a picture.
 */

import { AXE, violations } from "./axe.mjs";
import { main, openPage } from "./chromium.mjs";

const ALL_LOOKS = ["light", "dark"].flatMap((theme) =>
  ["en", "ko"].flatMap((language) => [1280, 320].map((width) => ({ theme, language, width }))),
);

/** Go to an address as the back button does: the page stays, and with it axe. */
async function goTo(page, path) {
  await page.evaluate((path) => {
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    history.pushState(null, "", "/builds/x");
    dispatchEvent(new PopStateEvent("popstate"));
    history.pushState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

await main(async (browser, { url, token, pages, screenshots, looks = ALL_LOOKS }) => {
  const complaints = [];
  const found = [];
  for (const look of looks) {
    const name = `${look.theme}-${look.language}-${look.width}`;
    const page = await openPage(browser, { url, token, complaints, ...look, bypassCSP: true, height: look.width < 400 ? 720 : 900 });
    await page.goto(url);
    await page.addScriptTag({ path: AXE });
    for (const { path, ready, press } of pages) {
      await goTo(page, path);
      await page.locator(ready).first().waitFor();
      if (press) {
        await page.locator("body").press(press);
        await page.locator("dialog[open]").waitFor();
      }
      const file = `${path.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "projects"}${press ? `-${press === "?" ? "keys" : "palette"}` : ""}`;
      if (screenshots) await page.screenshot({ path: `${screenshots}/${file}-${name}.png` });
      for (const each of await violations(page)) found.push(`${path} ${name}: ${each}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${path} ${name}: ${wide}px wider than the window`);
    }
    await page.context().close();
  }
  return { complaints, found };
});
