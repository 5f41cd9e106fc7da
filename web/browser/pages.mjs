/**
 * Every page in both themes and languages, wide and narrow: axe finds nothing, nothing is wider than the window, nothing
 * is asked of another host. Two looks that differ in all three are held against every rule, two more, with which each
 * language has been seen in both themes and widths, against those that a look can break; with `all`, every other look, too.
 * With `screenshots`, a directory, pictures are kept of the first two, with `all` of every look. Then every page once more
 * as it is served, with nothing let past its policy.
 *
 * A page is `{path, ready}`, and may say what to `press` or `click`, one after the other, before it is looked at; with
 * `stranger`, it is seen by somebody who is not signed in; `status` is what its address is answered with, where not 200.
 */

import { AXE, RULES_OF_LOOKS, violations } from "./axe.mjs";
import { main, openPage } from "./chromium.mjs";

const LOOKS = ["light", "dark"].flatMap((theme) =>
  ["en", "ko"].flatMap((language) => [1280, 320].map((width) => ({ theme, language, width }))),
);
const FULL = ["light-en-1280", "dark-ko-320"];
const CHOSEN = [...FULL, "light-ko-1280", "dark-en-320"];
const nameOf = ({ theme, language, width }) => `${theme}-${language}-${width}`;
/** Looks that are looked at at a time. */
const AT_ONCE = 3;

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

/** Load an address; where a network that changed kept its script away, load it once more, as a person does. */
async function opened(page, address) {
  for (let again = true; ; again = false) {
    const answer = await page.goto(address);
    const isThere = await page.locator("body :is(h1, main)").first().waitFor({ timeout: 10_000 }).then(() => true, () => false);
    if (isThere || !again) return answer;
  }
}

async function ready(page, each) {
  try {
    await prepared(page, each);
  } catch (error) {
    const text = await page.evaluate(() => document.body.innerText);
    throw new Error(`${each.path} ${each.name ?? ""}: ${error.message}\nat ${page.url()} there is: ${text.slice(0, 600)}`, { cause: error });
  }
}

async function prepared(page, { ready, press = [], click = [], type = [] }) {
  await page.locator(ready).first().waitFor();
  for (const key of [press].flat()) {
    await page.locator("body").press(key);
    await page.locator("dialog[open]").waitFor();
  }
  for (const [selector, text] of type) await page.locator(selector).first().fill(text);
  for (const selector of [click].flat()) await page.locator(selector).first().click();
  if ([click].flat().length) await page.evaluate(() => new Promise(requestAnimationFrame));
}

const fileOf = ({ path, name }) => `${path.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "projects"}${name ? `-${name}` : ""}`;

await main(async (browser, { url, token, pages, screenshots, all = false }) => {
  const complaints = [];
  const found = [];

  async function look(look) {
    const name = nameOf(look);
    const full = FULL.includes(name);
    for (const stranger of [false, true]) {
      const seen = pages.filter((each) => !!each.stranger === stranger);
      if (!seen.length) continue;
      const page = await openPage(browser, { url, token: stranger ? null : token, complaints, ...look, bypassCSP: true, height: look.width < 400 ? 720 : 900 });
      let axe = false;
      for (const each of seen) {
        // A page outside of the program is loaded, and then the program anew.
        if (each.load || !axe) {
          await opened(page, url + each.path);
          await page.addScriptTag({ path: AXE });
          axe = !each.load;
        } else await goTo(page, each.path);
        await ready(page, each);
        if (screenshots && (full || all)) await page.screenshot({ path: `${screenshots}/${fileOf(each)}-${name}.png` });
        for (const what of await violations(page, full ? undefined : RULES_OF_LOOKS)) found.push(`${fileOf(each)} ${name}: ${what}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${fileOf(each)} ${name}: ${wide}px wider than the window`);
      }
      await page.context().close();
    }
  }

  const waiting = LOOKS.filter((look) => all || CHOSEN.includes(nameOf(look)));
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await look(next);
    }),
  );

  for (const stranger of [false, true]) {
    const page = await openPage(browser, { url, token: stranger ? null : token, complaints });
    for (const each of pages.filter((one) => !!one.stranger === stranger)) {
      const answer = await opened(page, url + each.path);
      if (answer.status() !== (each.status ?? 200)) found.push(`${fileOf(each)}: answered with ${answer.status()}`);
      // The browser itself writes down that an address was none.
      if (each.status) complaints.splice(0, complaints.length, ...complaints.filter((said) => !said.includes(`${url}${each.path} `)));
      await ready(page, each);
    }
    await page.context().close();
  }
  return { complaints, found };
});
