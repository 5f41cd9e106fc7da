/** People and tokens: an administrator lets somebody in, makes a token and takes it back, and looks after the own account. */

import { AXE, violations } from "./axe.mjs";
import { check, main, openPage, outside } from "./chromium.mjs";

const OWN = "correct horse battery staple";
const NEXT = "a horse that is quite another";
const BENS = "ben keeps nine green bottles";

await main(async (browser, { url, link, project }) => {
  const complaints = [];
  const found = [];
  const page = await openPage(browser, { url, complaints, bypassCSP: true });
  const button = (name) => page.getByRole("button", { name, exact: true });
  const dialog = page.locator("dialog[open]");
  const closed = () => dialog.waitFor({ state: "detached" });
  const goTo = async (path) => {
    await page.goto(`${url}${path}`);
    await page.addScriptTag({ path: AXE });
  };
  const look = async (what) => found.push(...(await violations(page)).map((each) => `${what}: ${each}`));
  const signIn = async (page, name, password) => {
    await page.getByLabel("Name or API token").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Projects" }).waitFor();
  };

  await page.goto(link);
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill(OWN);
  await button("Register and sign in").click();
  await page.locator("article", { hasText: project }).waitFor();

  // People.
  await goTo("/settings/users");
  const anna = page.locator('[data-user="anna"]');
  await anna.getByText("The last administrator stays.").waitFor();
  check((await anna.getByRole("button", { name: /Remove/ }).count()) === 0, "the last administrator can be removed");
  await button("Add somebody").click();
  await look("adding somebody");
  await dialog.getByLabel("Name").fill("ben");
  await dialog.getByLabel("Password").fill("short");
  await dialog.getByRole("button", { name: "Add somebody" }).click();
  await dialog.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  await dialog.getByLabel("Password").fill(BENS);
  await dialog.getByRole("button", { name: "Add somebody" }).click();
  await closed();
  const ben = page.locator('[data-user="ben"]');
  await ben.getByText("Viewer").waitFor();
  await look("users");

  // What a viewer may not do is not offered.
  const viewer = await openPage(browser, { url, complaints: [] });
  await viewer.goto(url);
  await signIn(viewer, "ben", BENS);
  await viewer.locator("article", { hasText: project }).waitFor();
  const offered = async () => (await viewer.locator("button, a.button, nav a").allInnerTexts()).map((text) => text.trim());
  const refused = ["Trigger build", "New project", "Roll back", "Delete this project …", "Save", "Secrets", "Make a token", "Add somebody", "Add a login"];
  for (const path of ["", `/projects/${project}`, `/projects/${project}/settings`, "/settings/users", "/settings/tokens", "/settings/github", "/settings/registries"]) {
    await viewer.goto(`${url}${path}`);
    await viewer.locator("h1").waitFor();
    await viewer.waitForLoadState("networkidle");
    const wrong = (await offered()).filter((text) => refused.includes(text));
    check(wrong.length === 0, `${path} offers a viewer ${wrong}`);
  }
  await viewer.goto(`${url}/projects/${project}/settings`);
  check(await viewer.getByLabel("Branch").isDisabled(), "a viewer can type into the settings");
  await viewer.goto(`${url}/settings/secrets`);
  await viewer.getByText("You may not see this.").waitFor();

  // A token: shown once, good for one project, and good for nothing when it is taken back.
  await goTo("/settings/tokens");
  await button("Make a token").click();
  await dialog.getByLabel("Name").fill("deploy-bot");
  await dialog.getByLabel("Expires").selectOption("month");
  await dialog.getByLabel(project, { exact: true }).check();
  await look("making a token");
  await dialog.getByRole("button", { name: "Make a token" }).click();
  const token = await dialog.locator("[data-secret]").innerText();
  await look("a token that was made");
  await button("I have kept it").click();
  await closed();
  check(!(await page.content()).includes(token), "the token is still in the page");
  const row = page.locator('[data-token="deploy-bot"]');
  const told = await row.innerText();
  check(told.includes(project) && told.includes("Deploy") && told.includes("anna"), told);
  const before = await outside("ask by", token);
  await page.reload();
  await page.addScriptTag({ path: AXE });
  await row.getByText("from 127.0.0.1").waitFor();
  await look("tokens");
  await row.getByRole("button", { name: /Revoke/ }).click();
  const goes = await dialog.locator("p").first().innerText();
  await button("Revoke for good").click();
  await closed();
  await row.waitFor({ state: "detached" });
  const after = await outside("ask by", token);

  // The account: another browser is signed out from here, and a new password keeps only this one.
  const elsewhere = await openPage(browser, { url });
  await elsewhere.goto(url);
  await signIn(elsewhere, "anna", OWN);
  await goTo("/settings/account");
  await page.getByText("this one").waitFor();
  check((await page.locator("tbody tr").count()) === 2, "there are not two sessions");
  await look("account");
  await button("Sign out everywhere else").click();
  await page.locator("tbody tr").nth(1).waitFor({ state: "detached" });
  await elsewhere.reload();
  await elsewhere.getByLabel("Name or API token").waitFor();
  await page.getByLabel("Current password").fill(OWN);
  await page.getByLabel("New password").fill(NEXT);
  await button("Change your password").click();
  await page.locator(".said.shown", { hasText: "changed" }).waitFor();
  await signIn(elsewhere, "anna", NEXT);

  // By GitHub: what is secret goes in, and never comes back.
  await goTo("/settings/github");
  await page.getByLabel("Client id").fill("Iv1.abc");
  await page.getByLabel("Client secret").fill("s3cret-of-the-app");
  await page.getByLabel("Accounts let in").fill("anna, ben");
  await button("Save").click();
  await page.getByText("People can sign in by GitHub.").waitFor();
  await page.reload();
  await page.getByText("A secret is kept.").waitFor();
  check((await page.getByLabel("Client secret").inputValue()) === "", "the secret came back");
  await page.addScriptTag({ path: AXE });
  await look("GitHub sign-in");

  await goTo("/settings/audit");
  await page.locator("tbody tr").first().waitFor();
  await look("audit log");
  const written = await page.locator("tbody tr").allInnerTexts();

  await goTo("/settings/users");
  await ben.getByRole("button", { name: /Remove/ }).click();
  const removal = await dialog.locator("p").first().innerText();
  await button("Remove for good").click();
  await closed();
  await ben.waitFor({ state: "detached" });
  return { complaints, found, before, after, goes, removal, written: written.length };
});
