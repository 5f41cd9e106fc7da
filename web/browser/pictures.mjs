/** Pictures for people: some pages in some themes, sharp on a fine screen too. */

import { main, openPage } from "./chromium.mjs";

await main(async (browser, { url, token, pictures, themes, folder }) => {
  for (const theme of themes) {
    const page = await openPage(browser, { url, token, theme, width: 1120, height: 700 });
    for (const { name, path, ready } of pictures) {
      await page.goto(url + path);
      await page.locator(ready).first().waitFor();
      await page.screenshot({ path: `${folder}/${name}-${theme}.png` });
    }
    await page.context().close();
  }
});
