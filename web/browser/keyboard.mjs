/** By keyboard alone: sign in → wizard → build → the line that tells why it failed → the next build → rollback. */

import { check, main, openPage, outside } from "./chromium.mjs";

const LONG = 60_000;
/** A control that so many presses of Tab do not reach is not reached. */
const FAR = 80;

await main(async (browser, { url, token, repository, image }) => {
  const complaints = [];
  const page = await openPage(browser, { url, complaints });
  const press = (key) => page.keyboard.press(key);
  const type = (text) => page.keyboard.type(text);
  /** What has the focus: its role and name as assistive technology is told. */
  const focused = () =>
    page.evaluate(() => {
      const at = document.activeElement;
      const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "";
      return { name: label.replace(/\s+/g, " ").trim(), visible: at.matches(":focus-visible"), tag: at.tagName };
    });
  /** Go on by Tab until something of that name has the focus. */
  async function reach(name) {
    for (let presses = 0; presses < FAR; presses++) {
      const at = await focused();
      if (at.name === name || (name instanceof RegExp && name.test(at.name))) {
        check(at.visible || at.tag === "H1", `it cannot be seen that ${name} has the focus`);
        return;
      }
      await press("Tab");
    }
    throw new Error(`${name} is not reached by Tab; the focus is on ${JSON.stringify(await focused())}`);
  }
  const heading = async (name) => {
    try {
      await page.waitForFunction((name) => document.activeElement?.tagName === "H1" && document.activeElement.textContent.includes(name), name);
    } catch {
      throw new Error(`the heading ${name} has not the focus at ${page.url()}, but ${JSON.stringify(await focused())}`);
    }
  };
  /** The page is there, and so are its keys. */
  const canBuild = () => page.getByRole("button", { name: "Trigger build" }).waitFor();
  /** Whatever was proposed, put this in its place. */
  async function fill(name, text) {
    await page.getByLabel(name, { exact: true }).waitFor();
    await reach(name);
    await press("Control+a");
    await type(text);
  }
  async function toProject() {
    await press("g");
    await press("d");
    await heading("Projects");
    await page.getByRole("link", { name: "pointerless", exact: true }).waitFor();
    for (let presses = 0; presses < FAR && (await focused()).name !== "pointerless"; presses++) await press("j");
    await press("Enter");
    await heading("pointerless");
    await canBuild();
  }
  const ended = (state) => page.locator("header .state", { hasText: state }).first().waitFor({ timeout: LONG });

  await page.goto(url);
  await page.getByLabel("Name or API token").waitFor();
  await reach("Name or API token");
  await type(token);
  await press("Enter");
  await page.getByRole("heading", { name: "Projects" }).waitFor();

  await press("g");
  await press("n");
  await heading("New project");
  await reach("Repository");
  await type(repository);
  await press("Enter");
  await fill("Build image", image);
  await fill("Build command", "sh build.sh");
  await reach("Continue");
  await press("Enter");
  await fill("Runtime image", image);
  await fill("Start command", "exec httpd -f -p $PORT -h /app");
  await fill("Port", "8080");
  await fill("Output at", "/app");
  await press("Enter");
  await reach("Create and build");
  await press("Enter");
  await heading("pointerless #1");
  await ended("Success");

  await outside("break it");
  await press("Control+k");
  await page.locator("dialog[open]").waitFor();
  await type("pointerless");
  await press("Enter");
  await heading("pointerless");
  await canBuild();
  await press("b");
  await heading("pointerless #2");
  await ended("Failed");
  await press("e");
  await page.locator(".viewer .failed").waitFor();
  await reach(/^Go to line/);
  await press("Enter");
  await page.locator(".viewer .failed.chosen").waitFor();
  const line = await page.locator(".viewer .failed .text").innerText();

  await outside("mend it");
  await press("R");
  await heading("pointerless #3");
  // The same commit fails again; the next push is what mends it.
  await ended("Failed");
  await page.evaluate(() => document.activeElement.blur());
  await toProject();
  await press("b");
  await heading("pointerless #4");
  await ended("Success");

  await toProject();
  await press("r");
  await page.locator("dialog[open] li button").first().waitFor();
  // Whoever thinks better of it is where they were.
  await press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await reach("Roll back");
  await press("Enter");
  await page.locator("dialog[open] li button").first().waitFor();
  await reach("Cancel");
  await press("Enter");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  check((await focused()).name === "Roll back", `the focus is lost: ${JSON.stringify(await focused())}`);
  await press("Enter");
  await page.locator("dialog[open] li button").first().waitFor();
  await reach("Deploy #1 again");
  await press("Enter");
  await heading("pointerless #5");
  await ended("Success");
  return { complaints, line };
});
