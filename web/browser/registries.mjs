/** Logins to registries: added, replaced and removed; a build pulls by them, and no password is ever shown. */

import { AXE, violations } from "./axe.mjs";
import { check, main, openPage, outside } from "./chromium.mjs";

await main(async (browser, { url, token, host, username, wrong, password, project }) => {
  const complaints = [];
  const found = [];
  const bodies = [];
  const page = await openPage(browser, { url, token, complaints, bypassCSP: true });
  page.on("response", (response) => {
    if (response.url().includes("/api/")) bodies.push(response.text().catch(() => ""));
  });
  const button = (name) => page.getByRole("button", { name, exact: true });
  const dialog = page.locator("dialog[open]");
  const closed = () => dialog.waitFor({ state: "detached" });
  const row = page.locator(`[data-registry="${host}"]`);
  const look = async (what) => {
    await page.addScriptTag({ path: AXE });
    found.push(...(await violations(page)).map((each) => `${what}: ${each}`));
  };

  // By the palette, as anybody finds a page whose place is not known.
  await page.goto(url);
  await page.locator("article").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("registries");
  await page.keyboard.press("Enter");
  await page.getByText("No login yet").waitFor();
  check(page.url() === `${url}/settings/registries`, `the address is ${page.url()}`);
  await look("no login");

  await button("Add a login").click();
  await dialog.getByLabel("Registry").fill("not a host");
  await dialog.getByLabel("User name").fill(username);
  await dialog.getByLabel("Password or token").fill(wrong);
  await button("Save").click();
  await dialog.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  await look("adding a login");
  // As it is copied from an address.
  await dialog.getByLabel("Registry").fill(`https://${host}/v2/`);
  await button("Save").click();
  await closed();
  await row.getByText(username).waitFor();
  await row.getByText(project).waitFor();
  const refused = await outside("build");
  const before = await row.locator("code").nth(1).innerText();

  await row.getByRole("button", { name: /Replace/ }).click();
  check((await dialog.getByLabel("User name").inputValue()) === username, "the user name has to be typed again");
  check((await dialog.getByLabel("Password or token").inputValue()) === "", "the password came back");
  await dialog.getByLabel("Password or token").fill(password);
  await button("Save").click();
  await closed();
  check((await row.locator("code").nth(1).innerText()) !== before, "another password has the same fingerprint");
  await look("a login");
  const pulled = await outside("build");

  await row.getByRole("button", { name: /Remove/ }).click();
  await look("removing a login");
  const goes = await dialog.locator("p").first().innerText();
  await button("Remove for good").click();
  await closed();
  await page.getByText("No login yet").waitFor();
  const shown = (await Promise.all(bodies)).filter((body) => [wrong, password].some((secret) => body.includes(secret)));
  return { complaints, found, refused, pulled, goes, shown };
});
