/** What is wrong with the machine, as the dashboard and the system page tell it: before and after Docker is gone. */

import { AXE, violations } from "./axe.mjs";
import { main, openPage, outside } from "./chromium.mjs";

await main(async (browser, { url, token }) => {
  const complaints = [];
  const found = [];
  const page = await openPage(browser, { url, token, complaints, bypassCSP: true });
  const troubles = page.getByRole("list", { name: "What is wrong with the machine" });
  const told = async (expected) => {
    await page.goto(url);
    for (const each of expected) await troubles.getByText(each).waitFor();
    await page.getByRole("heading", { name: "Projects" }).waitFor();
    await page.addScriptTag({ path: AXE });
    found.push(...(await violations(page)));
    return (await troubles.count()) === 0 ? 0 : troubles.getByRole("listitem").count();
  };

  const expected = await outside("expected");
  const before = await told(expected);
  await page.goto(`${url}/settings/system`);
  const walls = (await page.locator("dl .wide dd").textContent()).trim();
  // A host without a firewall is told by one answer alone.
  await page.route("**/api/system", async (route) => {
    const response = await route.fetch();
    const { data, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, data: { ...data, isolation: { status: "degraded", message: "iptables is not installed" } } } });
  });
  await told([...expected, "Builds are not walled off"]);
  await page.goto(`${url}/settings/system`);
  await page.getByText("a build can reach this host").waitFor();
  await page.getByText("The reason: iptables is not installed.").waitFor();
  await page.unroute("**/api/system");
  await outside("cut");
  const gone = await outside("expected");
  const after = await told(gone);
  await page.goto(`${url}/settings/system`);
  await page.getByText("Docker does not answer").first().waitFor();
  return { complaints, found, counts: [before - expected.length, after - gone.length], walls };
});
