/** Sign in → wizard → build → live → a push that fails → why → the fix → live → rollback. With the keyboard where that is quicker. */

import { check, main, openPage, outside } from "./chromium.mjs";

const LONG = 60_000;

await main(async (browser, { url, token, repository, image }) => {
  const complaints = [];
  const visited = [];
  const page = await openPage(browser, { url, complaints });
  const button = (name) => page.getByRole("button", { name, exact: true });
  const ended = (state) => page.locator("header .state", { hasText: state }).first().waitFor({ timeout: LONG });

  await page.goto(url);
  await page.getByLabel("Name or API token").fill("lci_wrong");
  await button("Sign in").click();
  await page.getByRole("alert").waitFor();
  // The browser itself writes down every answer that is an error, this one too.
  check(complaints.splice(0).every((each) => each.includes("401")), "another complaint than the 401");
  await page.getByLabel("Name or API token").fill(token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Projects" }).waitFor();

  await page.goto(`${url}/setup`);
  await page.getByLabel("Repository", { exact: true }).fill(`${repository}-is-not-there`);
  await button("Continue").click();
  await button("Continue without looking").waitFor();
  check(complaints.splice(0).every((each) => each.includes("400")), "another complaint than the 400");
  await page.getByLabel("Repository", { exact: true }).fill(repository);
  await button("Continue").click();
  await page.getByText("index.html needs no building, only copying.").waitFor();
  check((await page.getByLabel("Build image").inputValue()) === "alpine:3", "what is proposed is filled in");
  await page.getByText("Of the last 1 commits 1 would have been built.").first().waitFor();
  await page.getByLabel("Path filter").fill("docs/**");
  await page.getByText("Of the last 1 commits 0 would have been built.").first().waitFor();
  await page.getByText("No file that it changed fits 'docs/**'.").waitFor();
  await page.getByLabel("Path filter").fill("**");
  await page.getByText("Of the last 1 commits 1 would have been built.").first().waitFor();
  await page.getByLabel("Build image").fill(image);
  await page.getByLabel("Build command").fill("sh build.sh");
  await button("Continue").click();
  await page.getByLabel("Runtime image").fill(image);
  await page.getByText("nginx listens on port 80.").waitFor();
  await page.getByLabel("Start command").fill("exec httpd -f -p $PORT -h /app");
  await page.getByLabel("Port", { exact: true }).fill("8080");
  await page.getByLabel("Output at").fill("/app");
  await button("Continue").click();
  check((await page.getByLabel("Name", { exact: true }).inputValue()) === "journey", "the name of the repository is proposed");
  await page.locator(".preview code", { hasText: "/journey/" }).waitFor();
  await button("Create and build").click();

  await page.getByRole("heading", { name: "journey #1" }).waitFor();
  await ended("Success");
  check((await page.title()).startsWith("✓ #1 journey"), `the title is ${await page.title()}`);
  visited.push(await outside("visit"));

  // The dashboard is open while somebody pushes; it says so by itself.
  await page.getByRole("link", { name: "Projects", exact: true }).click();
  const failedId = await outside("push a failure");
  await page.locator("article", { hasText: "journey" }).locator("a", { hasText: "#2" }).waitFor({ timeout: LONG });
  await page.locator(`a[href="/builds/${failedId}"]`).click();
  await ended("Failed");
  await page.getByRole("heading", { name: "The build failed" }).waitFor();
  const line = await page.locator(".telling .text").innerText();
  const stage = (await page.locator(".why .muted").first().innerText()).split(" ")[0];
  await page.getByText("Still serving: #1 (Blue)").waitFor();
  const [number] = await page.locator(".telling a").allInnerTexts();
  await page.getByRole("button", { name: `Go to line ${number}` }).click();
  await page.locator(`.viewer [data-line="${number}"].chosen`).waitFor();
  check(page.url().endsWith(`#L${number}`), page.url());

  const fixedId = await outside("push the fix");
  await page.goto(`${url}/builds/${fixedId}`);
  await ended("Success");
  visited.push(await outside("visit"));

  await page.goto(`${url}/projects/journey`);
  await page.locator('[data-slot="Green"].active').waitFor();
  await page.locator("body").press("r");
  await button("Deploy #1 again").click();
  await page.getByRole("heading", { name: "journey #4" }).waitFor();
  await ended("Success");
  visited.push(await outside("visit"));
  await page.goto(`${url}/projects/journey`);
  await page.getByText("Automatic deployment is off").waitFor();
  return { complaints, visited, stage, line };
});
