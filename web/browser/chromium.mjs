/** Debian's Chromium, driven by playwright-core; what a page says on its console, and whom it asks, is kept. */

import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PLACES = [process.env.LCI_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** Ends what hangs, and decides nothing else. Milliseconds. */
const TIMEOUT = 30_000;
/** Of what a page shows, when a scenario fails. Characters. */
const SHOWN = 4000;
/** Each container that starts on this machine brings a network, and Chromium then drops what is under way. */
const NOISE = /ERR_NETWORK_CHANGED/;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-precise-memory-info",
];

export async function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("no Chromium here: install it (apt-get install chromium), or set LCI_CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * Open a page of the lci at `url`. `token` signs it in; `complaints` gets what no page may do: errors on the console,
 * exceptions, and requests to other hosts. `bypassCSP` lets in scripts of a test.
 */
export async function openPage(browser, { url, token, theme = "light", language = "en", width = 1280, height = 900, complaints = [], bypassCSP = false }) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, colorScheme: theme, reducedMotion: "reduce", bypassCSP });
  await context.addInitScript(
    ([token, preferences]) => {
      if (token) sessionStorage.setItem("lci.token", token);
      if (!localStorage.getItem("lci.preferences")) localStorage.setItem("lci.preferences", preferences);
    },
    [token ?? "", JSON.stringify({ theme, language })],
  );
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  // Who is not signed in asks once who it is, and a browser writes down that answer, a 401, by itself.
  const asksWho = (message) => !token && message.location().url.endsWith("/api/me");
  page.on("console", (message) => message.type() === "error" && !NOISE.test(message.text()) && !asksWho(message) && complaints.push(`console: ${message.text()} ${message.location().url} (${page.url()})`));
  page.on("pageerror", (error) => complaints.push(`exception: ${error.stack ?? error.message} (${page.url()})`));
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !address.startsWith(url.replace("http", "ws")) && !/^(blob|data):/.test(address)) complaints.push(`request: ${address}`);
  });
  return page;
}

/** Open the stages that are closed because they went well; they lie at the log's beginning. */
export async function openStages(page) {
  const closed = page.locator('.stage button[aria-expanded="false"]');
  await page.locator(".scroller").evaluate((scroller) => (scroller.scrollTop = 0));
  await page.waitForFunction(() => {
    const first = document.querySelector(".viewer .window")?.firstElementChild;
    return first?.dataset.line === "1" || first?.textContent.includes("source");
  });
  for (let left = await closed.count(); left > 0; left = await closed.count()) {
    await closed.first().click();
    await page.waitForFunction((left) => document.querySelectorAll('.stage button[aria-expanded="false"]').length < left, left);
  }
}

/** Run `work` with a browser, print what it returns as JSON, and end with 1 and its reason where it fails. */
export async function main(work) {
  const options = JSON.parse(process.argv[2] ?? "{}");
  const browser = await launch();
  try {
    process.stdout.write(`${JSON.stringify({ found: (await work(browser, options)) ?? null })}\n`);
  } catch (error) {
    process.stderr.write(`${error.stack ?? error}\n${await shown(browser)}`);
    process.exitCode = 1;
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}

/** What the open pages show, for whoever reads why a scenario failed. */
async function shown(browser) {
  const pages = browser.contexts().flatMap((context) => context.pages());
  const texts = pages.map(async (page) => {
    const text = await page.evaluate(() => document.body.innerText).catch((error) => `(${error.message})`);
    return `\n${page.url()} shows:\n${text.slice(0, SHOWN)}\n`;
  });
  return (await Promise.all(texts)).join("");
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Have something happen outside of the browser (tests/web/browser.py), with what it is given; returns what that gives. */
export async function outside(step, ...given) {
  process.stdout.write(`${JSON.stringify({ step, given })}\n`);
  const { value } = await answers.next();
  return JSON.parse(value);
}

export function check(condition, what) {
  if (!condition) throw new Error(what);
}
