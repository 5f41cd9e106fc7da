/** From the set-up link to an administrator who signs out, mistypes, signs in again and changes something. */

import { check, main, openPage } from "./chromium.mjs";

await main(async (browser, { url, link, project }) => {
  const complaints = [];
  const page = await openPage(browser, { url, complaints });
  const button = (name) => page.getByRole("button", { name, exact: true });
  const card = page.locator("article", { hasText: project });

  await page.goto(link);
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill("short");
  await button("Register and sign in").click();
  await page.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  await page.getByLabel("Password").fill("correct horse battery staple");
  await button("Register and sign in").click();
  await card.waitFor();
  check(!page.url().includes("#"), "the link's secret is still in the address");

  await page.reload();
  await card.waitFor();
  await button("Sign out").click();
  await page.getByLabel("Name or API token").fill("anna");
  await page.getByLabel("Password").fill("wrong horse battery staple");
  await button("Sign in").click();
  await page.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("401")), "another complaint than the 401");
  await page.getByLabel("Password").fill("correct horse battery staple");
  await button("Sign in").click();
  await card.waitFor();

  await page.goto(`${url}/projects/${project}/settings`);
  await page.getByLabel("Domains").fill("one.example.com");
  await button("Save").click();
  await page.locator(".said.shown", { hasText: "Saved" }).waitFor();
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  check(!/csrf|horse|lci_/.test(stored), `a secret is where scripts find it: ${stored}`);
  return { complaints };
});
