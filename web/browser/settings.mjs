/** Changing and removing a project, stopping and starting it, and getting about by keyboard alone. */

import { check, main, openPage } from "./chromium.mjs";

await main(async (browser, { url, token, project }) => {
  const complaints = [];
  const page = await openPage(browser, { url, token, complaints });
  const button = (name) => page.getByRole("button", { name, exact: true });

  await page.goto(`${url}/projects/${project}/settings`);
  await page.getByLabel("Runtime environment").fill("A=1\nB=two words");
  await page.getByLabel("Domains").fill("one.example.com, two.example.com");
  await button("Save").click();
  await page.locator(".said.shown", { hasText: "Saved" }).waitFor();
  check(await button("Save").isDisabled(), "there is nothing left to save");
  // The browser itself writes down every answer that is an error.
  await page.getByLabel("Memory limit").first().fill("banana");
  await button("Save").click();
  await page.locator(".wrong").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  const refused = await page.locator(".wrong").innerText();
  await page.getByLabel("Memory limit").first().fill("64m");
  await button("Save").click();
  await page.locator(".wrong").waitFor({ state: "detached" });

  await page.goto(`${url}/projects/${project}`);
  await page.locator("[data-slot] dl").first().waitFor();
  await page.waitForLoadState("networkidle");
  let asked = 0;
  page.on("request", () => (asked += 1));
  await page.waitForTimeout(1000);
  check(asked === 0, `a page at rest asked ${asked} times`);
  await button("Stop").click();
  await page.locator("dialog .primary").click();
  await button("Start").waitFor();
  await page.locator("header .state.large", { hasText: "Stopped" }).waitFor();
  await button("Start").click();
  await button("Restart").waitFor();

  // By keyboard alone: over the palette to the list, in it to the project, there to its last build.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("builds");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Builds", exact: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.locator("article").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("[data-slot]").first().waitFor();
  await page.keyboard.press("?");
  await page.locator("dialog[open] kbd").first().waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });

  await page.goto(`${url}/projects/${project}/settings`);
  await button("Delete this project …").click();
  check(await button("Delete it").isDisabled(), "the name has to be typed first");
  const goes = await page.locator("dialog p").first().innerText();
  await page.locator("dialog input").fill(project);
  await button("Delete it").click();
  await page.getByRole("heading", { name: "Projects", exact: true }).waitFor();
  check((await page.getByRole("link", { name: project, exact: true }).count()) === 0, "the project is still there");
  return { complaints, refused, goes };
});
