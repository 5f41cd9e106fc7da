/** The settings of a project: what is stored, what is kept, what the repository gives, and leaving without saving. */

import { check, main, openPage, outside } from "./chromium.mjs";

await main(async (browser, { url, token, project }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  const button = (name) => page.getByRole("button", { name, exact: true });
  const saved = () => page.locator(".said.shown", { hasText: "Saved" }).waitFor();
  const settings = `${url}/projects/${project}/settings`;

  await page.goto(settings);
  await page.getByText("from the repository's .lci.toml, which wins: 7").waitFor();
  check((await page.getByText(".lci.toml, which wins").count()) === 2, "more settings are told to be the repository's");

  const switches = ["Keep the container of a version", "Nothing but /tmp and /run", "Put the project's name back", "Keep cookies below"];
  for (const name of switches) await page.getByLabel(name).click();
  await page.getByLabel("Processors").first().fill("0.5");
  await page.getByLabel("Processors").last().fill("2");
  await page.getByLabel("Cache is shared").selectOption("isolated");
  await page.getByLabel("Images are fetched").selectOption("always");
  await page.getByLabel("Of the pushes that wait").selectOption("latest");
  await page.getByLabel("Pull requests are built").selectOption("same_repository");
  await page.getByLabel("Build scripts").fill("ci/build.sh, build.sh");
  await page.getByLabel("Before the start").fill("test -e index.html");
  await page.getByLabel("Builds of one key").fill("2");
  await page.getByLabel("Seconds in which failed checks").fill("1.5");
  await page.getByLabel("Seconds the old version is kept").fill("3");
  await page.getByLabel("Healthy statuses").fill("200-299");
  await page.getByLabel("Access token", { exact: true }).fill("ghp_of-the-repository");
  await button("Save").click();
  await saved();
  const first = await outside("project");
  await page.getByText("pull request: from the repository's own branches").waitFor();
  await page.reload();
  check((await page.getByLabel("Build scripts").inputValue()) === "ci/build.sh, build.sh", "the scripts did not come back");
  check((await page.getByLabel("Access token", { exact: true }).inputValue()) === "", "what is kept came back");
  await page.getByLabel("Forget the one that is kept").check();
  await page.getByLabel("Processors").first().fill("");
  await button("Save").click();
  await saved();
  const second = await outside("project");

  // Nobody loses what was typed: not by a link, not by the way back.
  await page.goto(`${url}/builds`);
  await page.locator("h1").waitFor();
  await page.evaluate((path) => {
    history.pushState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
  }, `/projects/${project}/settings`);
  await page.getByLabel("Branch").fill("other");
  await page.getByText("Not saved yet: Branch").waitFor();
  await page.getByRole("link", { name: "Projects", exact: true }).click();
  await page.getByText("These changes are not stored: Branch.").waitFor();
  await button("Go on here").click();
  await page.goBack();
  await page.getByText("These changes are not stored: Branch.").waitFor();
  check(page.url() === settings, `the address is ${page.url()}`);
  await button("Go on here").click();
  check((await page.getByLabel("Branch").inputValue()) === "other", "what was typed is lost");
  await page.goBack();
  await button("Leave without saving").click();
  await page.getByRole("heading", { name: "Builds", exact: true }).waitFor();

  await page.goto(settings);
  await page.getByLabel("What visitors read").fill("Back at noon");
  await button("Begin maintenance").click();
  await page.getByText("“Back at noon”").waitFor();
  const during = await outside("visit");
  await button("End maintenance").click();
  await button("Begin maintenance").waitFor();
  const after = await outside("visit");
  return { complaints, first, second, during, after };
});
