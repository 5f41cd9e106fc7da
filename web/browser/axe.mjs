/** What axe finds in a page as it stands; the page has to be opened with `bypassCSP`, and given the script at AXE. */

import { createRequire } from "node:module";

export const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const ALL_RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
/** Those that another theme, language or width can break. */
export const RULES_OF_LOOKS = {
  type: "rule",
  values: ["color-contrast", "target-size", "valid-lang", "html-has-lang", "button-name", "link-name", "label", "scrollable-region-focusable"],
};

export async function violations(page, runOnly = ALL_RULES) {
  // A page may have loaded itself anew: where the network changed, a part of it did not come.
  if (!(await page.evaluate(() => "axe" in window))) await page.addScriptTag({ path: AXE });
  return page.evaluate(async (runOnly) => {
    const { violations } = await window.axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }, runOnly);
}
