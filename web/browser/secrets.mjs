/** Secrets from the wizard to a container: set, imported, chosen, replaced, removed; and never shown again. */

import { AXE, violations } from "./axe.mjs";
import { check, main, openPage, outside } from "./chromium.mjs";

const LONG = 60_000;

await main(async (browser, { url, token, repository, image }) => {
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
  const row = (name) => page.locator(`[data-stored="${name}"]`);
  const look = async (what) => {
    await page.addScriptTag({ path: AXE });
    found.push(...(await violations(page)).map((each) => `${what}: ${each}`));
  };

  // For every project, by hand.
  await page.goto(`${url}/settings/secrets`);
  await button("Set a secret").click();
  await dialog.getByLabel("Name").fill("9 LIVES");
  await dialog.getByLabel("Value").fill("common-value");
  await button("Save").click();
  await dialog.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  await look("setting a secret");
  await dialog.getByLabel("Name").fill("COMMON");
  await button("Save").click();
  await closed();
  await row("COMMON").getByText("nothing yet").waitFor();

  // The wizard: two of the project's own, and the common one by its name.
  await page.goto(`${url}/setup`);
  await page.getByLabel("Repository", { exact: true }).fill(repository);
  await button("Continue").click();
  await page.getByLabel("Build image").fill(image);
  await page.getByLabel("Build command").fill('printf "%s" "$COMMON $BUILT" >/output/index.html');
  await page.getByLabel("Secrets of the build").fill("BUILT='never closed");
  await page.getByText("is never closed").waitFor();
  await button("Continue").click();
  await page.getByLabel("Secrets of the build").fill("COMMON=\nBUILT='built-value'");
  await look("the wizard");
  await button("Continue").click();
  await page.getByLabel("Runtime image").fill(image);
  await page.getByLabel("Start command").fill('printf "%s" "$SERVED" >/tmp/index.html; exec httpd -f -p $PORT -h /tmp');
  await page.getByLabel("Port", { exact: true }).fill("8080");
  await page.getByLabel("Output at").fill("/app");
  await page.getByLabel("Secrets of the container").fill('SERVED="served-value"');
  await button("Continue").click();
  await page.locator("aside code", { hasText: 'secrets = ["COMMON", "BUILT"]' }).waitFor();
  await page.getByLabel("Name", { exact: true }).fill("sealed");
  await button("Create and build").click();
  await page.locator("header .state", { hasText: "Success" }).first().waitFor({ timeout: LONG });
  const first = await outside("visit");

  // Replaced by a pasted file, which also brings another that nothing has chosen.
  await page.goto(`${url}/projects/sealed/secrets`);
  await row("SERVED").getByText("runtime").waitFor();
  const before = await row("SERVED").locator("code").nth(1).innerText();
  await button("Import .env").click();
  await dialog.getByLabel("The file's content").fill("# pasted\nSERVED=served-anew\nexport SPARE=spare-value\nEMPTY=\n");
  await dialog.getByText("Left out, for want of a value: EMPTY.").waitFor();
  await look("importing");
  await button("Store 2 secrets").click();
  await closed();
  await row("SPARE").getByText("nothing yet").waitFor();
  check((await row("SERVED").locator("code").nth(1).innerText()) !== before, "another value has the same fingerprint");
  await look("a project's secrets");

  await page.getByRole("link", { name: "Choose them in the settings" }).click();
  const runtime = page.getByRole("group", { name: "Secrets of the container" });
  check(await runtime.getByLabel("SERVED").isChecked(), "what is chosen is not checked");
  await runtime.getByLabel("SPARE").check();
  await button("Save").click();
  await page.locator(".said.shown", { hasText: "Saved" }).waitFor();
  await outside("build");
  const second = await outside("visit");

  await page.goto(`${url}/projects/sealed/secrets`);
  await row("BUILT").getByRole("button", { name: /Remove/ }).click();
  const goes = await dialog.locator("p").first().innerText();
  await button("Remove for good").click();
  await closed();
  await row("BUILT").waitFor({ state: "detached" });
  await page.goto(`${url}/projects/sealed/settings`);
  await page.getByText("not stored: the next build fails").waitFor();

  await page.goto(`${url}/settings/secrets`);
  await row("COMMON").getByText("sealed").waitFor();
  await button("Change the key …").click();
  await look("a new key");
  await dialog.locator(".primary").click();
  await page.locator(".said.shown", { hasText: "sealed by a new key" }).waitFor();
  await look("secrets of every project");
  const shown = (await Promise.all(bodies)).filter((body) => /(common|built|served|spare)-(value|anew)/.test(body));
  return { complaints, found, first, second, goes, shown };
});
