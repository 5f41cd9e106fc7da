/** The page of the API: by a person's session, by a token, and by neither; a filter, an address for each call, a command. */

import { AXE, violations } from "./axe.mjs";
import { check, main, openPage, outside } from "./chromium.mjs";

await main(async (browser, { url, link, token }) => {
  const complaints = [];
  const found = [];
  const page = await openPage(browser, { url, complaints, bypassCSP: true });
  const look = async (what) => {
    await page.addScriptTag({ path: AXE });
    found.push(...(await violations(page)).map((each) => `${what}: ${each}`));
  };
  const calls = page.locator(".entry:visible");

  // Nobody is signed in: a token is asked for, and kept nowhere.
  await page.goto(`${url}/docs`);
  await page.getByLabel("API token").fill("lci_wrong");
  await page.getByRole("button", { name: "Show" }).click();
  await page.locator("#trouble:not(:empty)").waitFor();
  check(complaints.splice(0).every((each) => each.includes("401")), "another complaint than the 401");
  await look("asking for a token");
  await page.getByLabel("API token").fill(token);
  await page.keyboard.press("Enter");
  await calls.first().waitFor();
  check(await page.getByLabel("API token").isHidden(), "a token is still asked for");
  check((await page.locator("#trouble").innerText()) === "", "trouble is told where there is none");

  // A person's session is enough.
  await page.goto(link);
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("correct horse battery staple");
  await page.getByRole("button", { name: "Register and sign in" }).click();
  await page.getByRole("link", { name: "API", exact: true }).click();
  await calls.first().waitFor();
  const all = await calls.count();
  await page.getByLabel("Find a call").fill("post token");
  await page.getByText("1 call", { exact: true }).waitFor();
  check((await calls.count()) === 1, "the filter shows what it should not");
  await calls.getByRole("link", { name: "Link to POST /api/tokens" }).click();
  check(page.url() === `${url}/docs#create_token`, page.url());
  await calls.locator("details[open]").waitFor();
  await look("a filter");

  await page.goto(`${url}/docs#create_project`);
  await page.reload();
  const entry = page.locator("#create_project");
  await entry.locator("details[open]").waitFor();
  check(await entry.locator("summary").evaluate((summary) => summary === document.activeElement), "the call has not the focus");
  await look("one call");
  const commands = await Promise.all(["create_token", "show_project", "list_builds"].map((name) => page.locator(`#${name} pre`).textContent()));
  const answers = [];
  for (const command of commands) answers.push(await outside("run", command));
  await page.setViewportSize({ width: 320, height: 720 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  return { complaints, found, all, answers, wide };
});
