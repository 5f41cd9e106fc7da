/** The build of a fork's pull request: it waits where everybody looks, is overtaken by a later push, approved, and built. */

import { AXE, violations } from "./axe.mjs";
import { check, main, openPage, outside } from "./chromium.mjs";

const LONG = 60_000;

await main(async (browser, { url, token, viewer, project }) => {
  const complaints = [];
  const found = [];
  const builds = [];
  const page = await openPage(browser, { url, token, complaints, bypassCSP: true });
  const other = await openPage(browser, { url, token: viewer, complaints });
  const dialog = page.locator("dialog[open]");
  const card = page.locator("article", { hasText: project });
  const offer = async () => builds[builds.push(await outside("offer")) - 1];
  const state = (page, word) => page.locator("header .state", { hasText: word }).first().waitFor({ timeout: LONG });
  const look = async (what) => {
    await page.addScriptTag({ path: AXE });
    found.push(...(await violations(page)).map((each) => `${what}: ${each}`));
  };

  await page.goto(url);
  await card.locator(".head", { hasText: "Live" }).waitFor();
  const first = await offer();
  // It is told, live, where everybody looks; what somebody proposes is no word on the project itself.
  await page.getByRole("link", { name: "1 build waits for approval" }).waitFor();
  await card.locator(".body .state", { hasText: "Waits for approval" }).waitFor();
  await card.locator(".head", { hasText: "Live" }).waitFor();
  await look("the dashboard");
  await page.getByRole("link", { name: "1 build waits for approval" }).click();
  const row = page.locator("tr", { has: page.locator(`a[href="/builds/${first}"]`) });
  await row.locator(".state", { hasText: "Waits for approval" }).waitFor();
  check((await row.innerText()).includes("pull request #1"), await row.innerText());
  await look("the list");
  await row.locator("a").first().click();
  await state(page, "Waits for approval");
  await page.getByText("mallory offers it from a fork, in pull request #1 into main.").waitFor();
  await look("a build that waits");

  // Who may only look sees it, too, and cannot let it run.
  await other.goto(`${url}/builds/${first}`);
  await other.getByRole("heading", { name: "This commit waits for approval" }).waitFor();
  await other.locator("section", { hasText: "mallory" }).getByText("For deployers and administrators.").waitFor();
  check((await other.getByRole("button", { name: /Approve/ }).count()) === 0, "a viewer is offered to approve");
  await other.keyboard.press("a");
  check((await other.locator("dialog[open]").count()) === 0, "a viewer is asked to approve");

  // While somebody still reads, the fork pushes again: what was read is not what would run.
  await page.keyboard.press("a");
  await dialog.getByText("This commit is approved and no other").waitFor();
  await look("approving");
  const second = await offer();
  await dialog.waitFor({ state: "detached" });
  await state(page, "Cancelled");
  await page.goto(`${url}/builds/${second}`);
  await other.goto(`${url}/builds/${second}`);
  await state(other, "Waits for approval");
  await page.getByRole("button", { name: "Approve and build …" }).click();
  const asked = await dialog.innerText();
  await dialog.getByRole("button", { name: "Approve and build" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".said.shown", { hasText: "is approved. It is built when its turn comes." }).waitFor();
  for (const each of [page, other]) await state(each, "Success");
  const told = await page.getByText(/^approved by/).innerText();
  const commit = await page.locator(".facts code").first().innerText();
  check(asked.includes(`Approve ${commit}?`) && asked.includes("never deployed"), asked);

  const third = await offer();
  const korean = await openPage(browser, { url, token, complaints, language: "ko" });
  await korean.goto(`${url}/builds/${third}`);
  await state(korean, "승인 대기");
  await korean.getByRole("button", { name: "승인하고 빌드 …" }).click();
  await korean.getByText("이 커밋만 승인합니다.").waitFor();
  return { complaints, found, builds, told };
});
